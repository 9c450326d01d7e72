#include "highside/mirror/files/listing.h"

#include <boost/json.hpp>

#include "common/base/html.h"
#include "common/base/text.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

// A page of 10 000 lines is 2 MB; to know the folders in it, 200 000 documents are read in about a
// second.
constexpr std::size_t kMaxListed = 10'000;
constexpr std::size_t kMaxWalked = 200'000;

// RFC 3986 section 2.3: all but unreserved characters and the slash at a folder's end. "./" goes
// before it, so that a colon does not make a scheme of the name.
std::string href(std::string_view name) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  std::string encoded = "./";
  for (const char c : name) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += "%" + hex_encode(as_bytes({&c, 1}));
    }
  }
  return encoded;
}

// Its bytes cannot be had at the moment.
bool is_lost(const CatalogReader& catalog, const std::string& body) {
  proto::FileEntry entry;
  const auto digest = entry.ParseFromString(body)
                          ? Sha256Digest::from_bytes(as_bytes(entry.sha256()))
                          : std::nullopt;
  return digest && catalog.is_lost(*digest);
}

}  // namespace

Result<Listing> list_folder(const CatalogReader& catalog, Edition edition, std::string folder) {
  Listing listing{std::move(folder), {}, true};
  std::size_t walked = 0;
  SLUICE_TRY_VOID(catalog.list(edition, "file", listing.folder, [&](const CatalogEntry& document) {
    if (catalog.any_lost() && is_lost(catalog, document.body)) {
      return true;
    }
    const std::string rest = document.document.substr(listing.folder.size());
    const std::size_t slash = rest.find('/');
    const std::string name = slash == std::string::npos ? rest : rest.substr(0, slash + 1);
    if (++walked > kMaxWalked ||
        (listing.entries.size() >= kMaxListed && !listing.entries.contains(name))) {
      listing.complete = false;
      return false;
    }
    std::optional<proto::FileEntry>& entry = listing.entries[name];
    if (slash == std::string::npos && !entry.emplace().ParseFromString(document.body)) {
      entry.reset();  // checked before it was published; shown without details all the same
    }
    return true;
  }));
  return listing;
}

std::string render_html(const Listing& listing) {
  const std::string title = html_escape("/" + listing.folder);
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                     title + "</title></head>\n<body><h1>" + title + "</h1>\n<table>\n";
  if (!listing.folder.empty()) {
    page += "<tr><td><a href=\"../\">../</a></td></tr>\n";
  }
  for (const auto& [name, entry] : listing.entries) {
    page += "<tr><td><a href=\"" + href(name) + "\">" + html_escape(name) + "</a></td>";
    if (entry) {
      page += "<td>" + human_size(entry->size()) + "</td><td>" +
              format_rfc3339(from_unix_micros(entry->modified_micros())) + "</td><td><code>" +
              hex_encode(as_bytes(entry->sha256())) + "</code></td>";
    }
    page += "</tr>\n";
  }
  page += "</table>\n";
  if (!listing.complete) {
    page += "<p>There is more than this page can show.</p>\n";
  }
  return page + "</body></html>\n";
}

std::string render_json(const Listing& listing) {
  json::array entries;
  for (const auto& [name, entry] : listing.entries) {
    if (!entry) {
      entries.push_back(json::object{{"name", name}, {"type", "folder"}});
      continue;
    }
    entries.push_back(
        json::object{{"name", name},
                     {"type", "file"},
                     {"size", entry->size()},
                     {"modified", format_rfc3339(from_unix_micros(entry->modified_micros()))},
                     {"media_type", entry->media_type()},
                     {"sha256", hex_encode(as_bytes(entry->sha256()))}});
  }
  return json::serialize(json::object{{"folder", "/" + listing.folder},
                                      {"complete", listing.complete},
                                      {"entries", std::move(entries)}}) +
         "\n";
}

}  // namespace sluice::high
