#include "highside/mirror/oci/listings.h"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/parse_query.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <charconv>

#include "common/ecosystem/oci/manifest.h"
#include "common/ecosystem/oci/names.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

// Names on a page: clients that follow no Link see the most of what there is.
constexpr std::size_t kMaxListed = 10'000;
// Of an answer to the referrers API: what clients take as a manifest (4 MiB).
constexpr std::size_t kMaxReferrersBytes = std::size_t{3} << 20;

std::string encode(std::string_view text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars);
}

std::string quote(std::string_view text) { return json::serialize(json::string(text)); }

// The names behind `query.last`, as far as they fit a page, as a JSON list's inside.
template <class Names, class Before, class Shown>
ListPage names_page(const Names& sorted, const ListQuery& query, Before before, Shown shown) {
  const std::uint64_t most = std::min<std::uint64_t>(query.n.value_or(kMaxListed), kMaxListed);
  ListPage page;
  std::string_view last;
  std::uint64_t listed = 0;
  for (const auto& entry : sorted) {
    const std::string_view name = shown(entry);
    if (name.empty() || (!query.last.empty() && !before(query.last, name))) {
      continue;
    }
    if (listed == most) {
      page.next = std::string(last);
      break;
    }
    page.text += (listed++ == 0 ? "" : ",") + quote(name);
    last = name;
  }
  return page;
}

json::object descriptor(const ServedRepository::Referrer& referrer) {
  json::object shown{{"mediaType", referrer.media_type},
                     {"digest", oci::digest_text(referrer.digest)},
                     {"size", referrer.size}};
  if (!referrer.artifact_type.empty()) {
    shown["artifactType"] = referrer.artifact_type;
  }
  if (!referrer.annotations.empty()) {
    json::object& annotations = shown["annotations"].emplace_object();
    for (const auto& [key, value] : referrer.annotations) {
      annotations[key] = value;
    }
  }
  return shown;
}

}  // namespace

std::optional<ListQuery> ListQuery::read(std::string_view query) {
  const auto parsed = boost::urls::parse_query(query);
  if (!parsed) {
    return std::nullopt;
  }
  ListQuery read;
  for (const auto& one : *parsed) {
    const std::string key = one.key.decode();
    const std::string value = one.value.decode(boost::urls::encoding_opts(true));
    if (key == "n") {
      std::uint64_t number = 0;
      const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (failed != std::errc() || end != value.data() + value.size()) {
        return std::nullopt;
      }
      read.n = number;
    } else if (key == "last") {
      read.last = value;
    } else if (key == "artifactType") {
      read.artifact_type = value;
    } else if (key == "ns") {
      read.ns = value;
    }
  }
  return read;
}

ListPage tags_page(std::string_view name, const ServedRepository& repository,
                   const ListQuery& query, const LeftOut& left_out) {
  ListPage page =
      names_page(repository.tags(), query, tag_before, [&](const ServedRepository::Tag& tag) {
        return left_out(tag.manifest) ? std::string_view() : std::string_view(tag.name);
      });
  page.text = R"({"name":)" + quote(name) + R"(,"tags":[)" + page.text + "]}";
  return page;
}

ListPage referrers_page(const ServedRepository* repository, const Sha256Digest& subject,
                        const ListQuery& query, const LeftOut& left_out) {
  ListPage page;
  std::string all;
  std::string last;
  if (repository != nullptr) {
    for (const ServedRepository::Referrer& referrer : repository->referrers(subject)) {
      const std::string digest = oci::digest_text(referrer.digest);
      const bool is_wanted =
          (query.artifact_type.empty() || query.artifact_type == referrer.artifact_type) &&
          digest > query.last && !left_out(referrer.digest);
      if (!is_wanted) {
        continue;
      }
      const std::string shown = json::serialize(descriptor(referrer));
      if (!all.empty() && all.size() + shown.size() > kMaxReferrersBytes) {
        page.next = last;
        break;
      }
      all += (all.empty() ? "" : ",") + shown;
      last = digest;
    }
  }
  page.text = R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) +
              R"(","manifests":[)" + all + "]}";
  return page;
}

ListPage catalog_page(const std::vector<std::string>& documents, const ListQuery& query) {
  ListPage page = names_page(documents, query, std::less<std::string_view>(),
                             [](const std::string& name) { return std::string_view(name); });
  page.text = R"({"repositories":[)" + page.text + "]}";
  return page;
}

std::string next_link(const std::string& path, const ListQuery& query, const std::string& next) {
  std::string link = "<" + path + "?last=" + encode(next);
  if (query.n) {
    link += "&n=" + std::to_string(*query.n);
  }
  if (!query.artifact_type.empty()) {
    link += "&artifactType=" + encode(query.artifact_type);
  }
  if (!query.ns.empty()) {
    link += "&ns=" + encode(query.ns);
  }
  return link + ">; rel=\"next\"";
}

}  // namespace sluice::high
