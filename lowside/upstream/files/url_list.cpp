#include "lowside/upstream/files/url_list.h"

#include <boost/url.hpp>
#include <set>

#include "common/base/text.h"
#include "common/ecosystem/files/document_name.h"
#include "lowside/pipeline/files.h"

namespace sluice::low {
namespace {

// A list is kept by people or a script; 100 000 files are a whole distribution.
constexpr std::size_t kMaxEntries = 100'000;

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  while (!(line = trim(line)).empty()) {
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    found.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return found;
}

std::optional<Digest> digest_from(std::string_view hex) {
  for (const DigestAlgorithm algorithm : {DigestAlgorithm::kSha256, DigestAlgorithm::kSha512}) {
    if (hex.size() == 2 * digest_size(algorithm)) {
      return Digest::from_hex(algorithm, hex);
    }
  }
  return std::nullopt;
}

struct LineError {
  std::string cause;
  std::string cure;
};

using Line = std::variant<ListedUrl, LineError>;

Line parse_line(std::string_view line) {
  const auto parts = words(line);
  if (parts.size() == 1) {
    return LineError{"a URL without a digest is not fetched: nothing would say what it should be",
                     "put the SHA-256 before it, as sha256sum prints it"};
  }
  const auto digest = digest_from(parts[0]);
  if (!digest) {
    return LineError{"it does not start with the hex of a SHA-256 or SHA-512",
                     "write it as sha256sum prints it"};
  }
  if (parts.size() > 3) {
    return LineError{"there is more on the line than a digest, a URL and a path",
                     "write white space in a URL as %20"};
  }
  std::string_view uri = parts[1];
  if (uri.starts_with('*')) {
    uri.remove_prefix(1);
  }
  const auto parsed = boost::urls::parse_uri(uri);
  if (!parsed || (parsed->scheme() != "http" && parsed->scheme() != "https") ||
      parsed->host().empty()) {
    return LineError{"\"" + display_uri(uri) + "\" is no http or https URL", "give the whole URL"};
  }
  const std::string last = parsed->segments().empty() ? "" : parsed->segments().back();
  return ListedUrl{*digest, std::string(uri), parts.size() == 3 ? std::string(parts[2]) : last};
}

// "SHA256 (name) = hex" as BSD's tools and `sha256sum --tag` write it.
std::optional<std::pair<std::string_view, std::string_view>> read_tagged(std::string_view line) {
  for (const std::string_view tag : {"SHA256 (", "SHA512 ("}) {
    const std::size_t end = line.rfind(") = ");
    if (line.starts_with(tag) && end != std::string_view::npos && end >= tag.size()) {
      return std::pair(line.substr(end + 4), line.substr(tag.size(), end - tag.size()));
    }
  }
  return std::nullopt;
}

// "hex  name" or "hex *name": what is before the first white space and what follows two characters
// of it. A name of two words stays one.
std::pair<std::string_view, std::string_view> read_plain(std::string_view line) {
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  std::string_view name = trim(line.substr(end));
  if (name.starts_with('*')) {
    name.remove_prefix(1);
  }
  return {line.substr(0, end), name};
}

Line parse_checksum(std::string_view line, const boost::urls::url_view& file) {
  const auto tagged = read_tagged(line);
  auto [hex, name] = tagged ? *tagged : read_plain(line);
  while (name.starts_with("./")) {
    name.remove_prefix(2);
  }
  const auto digest = digest_from(hex);
  if (!digest || name.empty()) {
    return LineError{"it is no SHA-256 or SHA-512 and a name",
                     "name a file that sha256sum or sha512sum has written"};
  }
  boost::urls::url uri(file);
  uri.remove_query();
  uri.remove_fragment();
  if (!uri.segments().empty()) {
    uri.segments().pop_back();
  }
  for (const std::string_view part : split(name, '/')) {
    uri.segments().push_back(part);
  }
  return ListedUrl{*digest, std::string(uri.buffer()), std::string(name)};
}

template <typename Parse>
UrlList parse_lines(std::string_view text, const std::string& thing, const std::string& collection,
                    const Parse& parse) {
  UrlList list;
  std::set<std::string> paths;
  std::size_t number = 0;
  for (const std::string_view raw : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(raw);
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    const auto problem = [&](std::string cause, std::string cure) {
      list.problems.push_back({ErrorCode::kInvalid, thing + ":" + std::to_string(number),
                               std::move(cause), std::move(cure)});
    };
    if (list.entries.size() == kMaxEntries) {
      problem("there are more than " + std::to_string(kMaxEntries) + " files in this list",
              "make several lists");
      break;
    }
    Line parsed = parse(line);
    if (const auto* error = std::get_if<LineError>(&parsed)) {
      problem(error->cause, error->cure);
      continue;
    }
    auto& entry = std::get<ListedUrl>(parsed);
    if (const auto checked = files::check_document_name(collection + "/" + entry.path); !checked) {
      problem("\"" + entry.path + "\" cannot be its path: " + checked.error().cause,
              "leave it out, or give it another path");
    } else if (!paths.insert(entry.path).second) {
      problem("\"" + entry.path + "\" is the path of an earlier line too",
              "leave it out, or give it another path");
    } else {
      list.entries.push_back(std::move(entry));
    }
  }
  return list;
}

}  // namespace

UrlList parse_url_list(std::string_view text, const std::string& thing,
                       const std::string& collection) {
  return parse_lines(text, thing, collection, parse_line);
}

UrlList parse_checksum_file(std::string_view text, const std::string& uri,
                            const std::string& collection) {
  const auto base = boost::urls::parse_uri(uri);
  if (!base) {
    return {{}, {{ErrorCode::kInvalid, display_uri(uri), "is no URL", "give the whole URL"}}};
  }
  return parse_lines(text, display_uri(uri), collection,
                     [&](std::string_view line) { return parse_checksum(line, *base); });
}

}  // namespace sluice::low
