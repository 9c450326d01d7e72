#include "lowside/upstream/npm/packument.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "common/base/text.h"
#include "common/ecosystem/npm/json_text.h"
#include "lowside/upstream/npm/json_member.h"
#include "lowside/upstream/npm/lock_file.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

constexpr std::array kOwnMembers{"_id", "name", "dist-tags", "versions", "time"};
// Manifests nest a few levels; this is far from what costs a parser its stack.
constexpr std::size_t kMaxDepth = 64;
// Of each further member. A readme or a list of users may have hundreds of kilobytes, and a
// shipment's manifest (limits::kMaxManifestBytes) must hold the records of thousands of packages.
constexpr std::size_t kMaxExtraMemberBytes = std::size_t{8} << 10;

std::optional<json::value> parse(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code failure;
  json::value value = json::parse(json::string_view(text.data(), text.size()), failure,
                                  json::storage_ptr(), options);
  return failure ? std::nullopt : std::optional(std::move(value));
}

// The members that are strings; others (npm's time.unpublished is an object) say nothing here.
std::optional<std::map<std::string, std::string>> read_strings(std::string_view text) {
  const auto value = parse(text);
  if (!value || !value->is_object()) {
    return std::nullopt;
  }
  std::map<std::string, std::string> strings;
  for (const auto& [key, member] : value->get_object()) {
    if (member.is_string()) {
      strings.emplace(key, std::string(member.get_string()));
    }
  }
  return strings;
}

// Members that do not parse or are large are left out: no installation depends on them.
std::string join_extra(const std::vector<npm::JsonMember>& members) {
  npm::JsonObjectText extra;
  for (const npm::JsonMember& member : members) {
    const bool is_own =
        std::find(kOwnMembers.begin(), kOwnMembers.end(), member.key) != kOwnMembers.end();
    if (!is_own && member.value.size() <= kMaxExtraMemberBytes && parse(member.value)) {
      extra.add(member.key, member.value);
    }
  }
  return std::move(extra).finish();
}

std::vector<NpmSignature> read_signatures(const json::object& dist) {
  std::vector<NpmSignature> signatures;
  const auto* list = dist.if_contains("signatures");
  if (list == nullptr || !list->is_array()) {
    return signatures;
  }
  for (const auto& item : list->get_array()) {
    if (item.is_object()) {
      signatures.push_back(
          {text_of(item.get_object(), "keyid"), text_of(item.get_object(), "sig")});
    }
  }
  return signatures;
}

// Those of dist.integrity and dist.shasum that are known here. None where two of one algorithm
// differ: no tarball has both.
std::optional<std::vector<Digest>> shown_digests(std::string_view integrity,
                                                 std::string_view shasum) {
  std::vector<Digest> digests;
  const auto add = [&](const std::optional<Digest>& digest) {
    if (!digest) {
      return true;
    }
    const auto same = std::ranges::find(digests, digest->algorithm(), &Digest::algorithm);
    if (same != digests.end()) {
      return *same == *digest;
    }
    digests.push_back(*digest);
    return true;
  };
  for (const std::string_view part : split(integrity, ' ')) {
    if (!add(Digest::from_sri(part))) {
      return std::nullopt;
    }
  }
  if (!add(Digest::from_hex(DigestAlgorithm::kSha1, shasum))) {
    return std::nullopt;
  }
  return digests;
}

bool is_http(std::string_view uri) {
  return uri.starts_with("https://") || uri.starts_with("http://");
}

}  // namespace

Result<Packument> read_packument(const std::string& name, const std::string& uri,
                                 std::string_view body, const std::set<std::string>& wanted) {
  const auto garbage = [&](std::string cause) {
    return Error{ErrorCode::kInvalid, uri, "the answer is no packument: " + std::move(cause),
                 "check that this address is an npm registry and not a proxy's page; what is held "
                 "stays as it is"};
  };
  auto members = npm::json_members(body);
  if (!members) {
    return garbage(members.error().cause);
  }
  const auto answered = parse(npm::json_find(*members, "name"));
  if (!answered || !answered->is_string() || std::string(answered->get_string()) != name) {
    return garbage("it is not about " + name);
  }
  const std::string_view versions_text = npm::json_find(*members, "versions");
  auto versions = npm::json_members(versions_text);
  if (!versions || versions->empty()) {
    return garbage("it has no versions");
  }
  Packument packument;
  for (const npm::JsonMember& member : *versions) {
    if (wanted.contains(member.key)) {
      packument.versions.emplace(member.key, member.value);
    }
  }
  const std::string_view tags = npm::json_find(*members, "dist-tags");
  auto dist_tags = read_strings(tags.empty() ? "{}" : tags);
  if (!dist_tags) {
    return garbage("dist-tags is not an object");
  }
  const std::string_view times = npm::json_find(*members, "time");
  auto time = read_strings(times.empty() ? "{}" : times);
  if (!time) {
    return garbage("time is not an object");
  }
  packument.dist_tags = std::move(*dist_tags);
  packument.time = std::move(*time);
  packument.extra = join_extra(*members);
  return packument;
}

Result<NpmManifest> read_manifest(const std::string& name, const std::string& version,
                                  std::string text) {
  const auto garbage = [&](std::string cause) {
    return Error{ErrorCode::kInvalid, name + "@" + version,
                 "the registry's manifest of it is wrong: " + std::move(cause),
                 "report it to the registry's owner"};
  };
  auto value = parse(text);
  if (!value || !value->is_object()) {
    return garbage("not a JSON object");
  }
  auto& object = value->get_object();
  if (text_of(object, "name") != name || text_of(object, "version") != version) {
    return garbage("it names another package or version");
  }
  const auto* entry = object.if_contains("dist");
  if (entry == nullptr || !entry->is_object()) {
    return garbage("it has no dist");
  }
  const auto& dist = entry->get_object();
  std::string tarball = text_of(dist, "tarball");
  if (!is_http(tarball)) {
    return garbage("dist.tarball is not an http address");
  }
  std::string integrity = text_of(dist, "integrity");
  const std::string shasum = text_of(dist, "shasum");
  auto digest = integrity.empty() ? Digest::from_hex(DigestAlgorithm::kSha1, shasum)
                                  : strongest_digest(integrity);
  if (!digest) {
    return garbage("dist has neither an integrity nor a shasum that can be checked");
  }
  auto digests = shown_digests(integrity, shasum);
  if (!digests) {
    return garbage("dist has two different digests of one kind");
  }
  auto signatures = read_signatures(dist);
  return NpmManifest{std::move(text),      std::move(object),  std::move(tarball),
                     std::move(integrity), std::move(*digest), std::move(*digests),
                     std::move(signatures)};
}

}  // namespace sluice::low
