#include "highside/mirror/npm/search.h"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/url.hpp>
#include <charconv>

#include "common/base/text.h"
#include "highside/mirror/npm/render.h"
#include "sluice/npm.pb.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxResults = 250;  // the public registry's limit
constexpr std::size_t kDefaultResults = 20;
constexpr std::size_t kMaxQueryBytes = 4096;

struct Query {
  std::vector<std::string> words;
  std::size_t size = kDefaultResults;
  std::size_t from = 0;
};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::size_t read_number(std::string_view text, std::size_t fallback) {
  std::size_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc() && end == text.data() + text.size() ? value : fallback;
}

std::optional<Query> read_query(std::string_view text) {
  const auto parameters = boost::urls::parse_query(text.substr(0, kMaxQueryBytes));
  if (!parameters) {
    return std::nullopt;
  }
  boost::urls::encoding_opts options;
  options.space_as_plus = true;
  Query query;
  for (const auto& raw : *parameters) {
    const std::string value = boost::urls::pct_string_view(raw.value).decode(options);
    if (raw.key == "text") {
      for (const std::string_view word : split(value, ' ')) {
        if (!trim(word).empty()) {
          query.words.push_back(lower(trim(word)));
        }
      }
    } else if (raw.key == "size") {
      query.size = std::min(read_number(value, kDefaultResults), kMaxResults);
    } else if (raw.key == "from") {
      query.from = read_number(value, 0);
    }
  }
  return query;
}

json::object read_manifest(const proto::NpmVersion& version) {
  boost::system::error_code failure;
  json::value value = json::parse(version.manifest(), failure);
  return !failure && value.is_object() ? std::move(value.get_object()) : json::object();
}

// Null for another form: packages of long ago have an object as their description.
json::value member(const json::object& manifest, std::string_view key, json::kind kind) {
  const auto* value = manifest.if_contains(key);
  return value != nullptr && value->kind() == kind ? *value : json::value();
}

bool matches(const Query& query, const proto::NpmPackage& package, const json::object& manifest) {
  std::string text = package.name();
  text += ' ' + json::serialize(member(manifest, "description", json::kind::string));
  text += ' ' + json::serialize(member(manifest, "keywords", json::kind::array));
  text = lower(text);
  return std::all_of(query.words.begin(), query.words.end(),
                     [&](const std::string& word) { return text.find(word) != std::string::npos; });
}

// The score is one for all: nothing here measures popularity.
json::object to_result(const proto::NpmPackage& package, const proto::NpmVersion& version,
                       const json::object& manifest) {
  json::object result{{"name", package.name()},
                      {"version", version.version()},
                      {"links", json::object()},
                      {"maintainers", json::array()}};
  if (const auto text = member(manifest, "description", json::kind::string); text.is_string()) {
    result["description"] = text;
  }
  const auto keywords = member(manifest, "keywords", json::kind::array);
  result["keywords"] = keywords.is_array() ? keywords : json::value(json::array());
  const auto time = package.time().find(version.version());
  if (time != package.time().end()) {
    result["date"] = time->second;
  }
  const json::object detail{{"quality", 1}, {"popularity", 1}, {"maintenance", 1}};
  return {{"package", std::move(result)},
          {"score", json::object{{"final", 1}, {"detail", detail}}},
          {"searchScore", 1}};
}

}  // namespace

Result<std::string> search_packages(const CatalogReader& catalog, Edition edition,
                                    std::string_view text) {
  const auto query = read_query(text);
  if (!query) {
    return Error{ErrorCode::kInvalid, "search", "the query cannot be read", "encode it as a URL"};
  }
  json::array objects;
  std::size_t total = 0;
  SLUICE_TRY_VOID(catalog.list(edition, "npm", "", [&](const CatalogEntry& entry) {
    proto::NpmPackage package;
    if (!package.ParseFromString(entry.body)) {
      return true;
    }
    leave_out_lost(catalog, package);
    const proto::NpmVersion* latest = find_version(package, "latest");
    if (latest == nullptr) {
      return true;
    }
    const json::object manifest = read_manifest(*latest);
    if (matches(*query, package, manifest)) {
      if (total >= query->from && objects.size() < query->size) {
        objects.push_back(to_result(package, *latest, manifest));
      }
      ++total;
    }
    return true;
  }));
  return json::serialize(json::object{{"objects", std::move(objects)}, {"total", total}});
}

}  // namespace sluice::high
