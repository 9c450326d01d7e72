#include "highside/mirror/npm/record_check.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "common/base/text.h"
#include "common/ecosystem/npm/package_name.h"
#include "common/ecosystem/npm/semver.h"
#include "sluice/npm.pb.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 64;  // as on the low side

Error not_held(const std::string& thing, std::string cause) {
  return {ErrorCode::kIntegrity, "npm record " + thing, std::move(cause),
          "the low side made a record that does not hold: look at its version and its disk, then "
          "send the shipment again"};
}

// An object's text; null if it is none.
std::optional<json::object> read_object(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code failure;
  json::value value = json::parse(json::string_view(text.data(), text.size()), failure,
                                  json::storage_ptr(), options);
  if (failure || !value.is_object()) {
    return std::nullopt;
  }
  return std::move(value.get_object());
}

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// One of the digests of an SRI string that is known must be the blob's, and none that is known may
// differ: npm takes the strongest, other clients the first that they know.
bool integrity_holds(std::string_view integrity, const store::BlobInfo& blob) {
  std::size_t matching = 0;
  for (const std::string_view part : split(integrity, ' ')) {
    const auto digest = Digest::from_sri(part.substr(0, part.find('?')));
    if (!digest) {
      continue;
    }
    const bool holds =
        digest == Digest(blob.digest) ||
        std::find(blob.aliases.begin(), blob.aliases.end(), *digest) != blob.aliases.end();
    if (!holds) {
      return false;
    }
    ++matching;
  }
  return matching > 0;
}

Result<void> check_dist(const std::string& thing, const json::object& manifest,
                        const store::BlobInfo& blob) {
  const auto* dist = manifest.if_contains("dist");
  if (dist == nullptr || !dist->is_object() || text_of(dist->get_object(), "tarball").empty()) {
    return not_held(thing, "its manifest has no dist with a tarball");
  }
  const std::string integrity = text_of(dist->get_object(), "integrity");
  if (!integrity.empty() && !integrity_holds(integrity, blob)) {
    return not_held(thing, "dist.integrity is not the digest of its tarball");
  }
  const auto sha1 = Digest::from_hex(DigestAlgorithm::kSha1, text_of(dist->get_object(), "shasum"));
  const bool sha1_holds = sha1 && std::ranges::count(blob.aliases, *sha1) > 0;
  // Beside an integrity clients may do without it, but not be misled by it.
  if (!sha1_holds && (sha1 || integrity.empty())) {
    return not_held(thing, "dist.shasum is not the digest of its tarball");
  }
  return {};
}

Result<void> check_version(const proto::NpmPackage& package, const proto::NpmVersion& version,
                           const std::set<std::string>& named, const store::BlobStore& blobs) {
  const std::string thing = package.name() + "@" + version.version();
  const auto manifest = read_object(version.manifest());
  if (!npm::SemVer::parse(version.version()) || !manifest ||
      text_of(*manifest, "name") != package.name() ||
      text_of(*manifest, "version") != version.version()) {
    return not_held(thing, "its manifest does not describe it");
  }
  const auto digest = Sha256Digest::from_bytes(as_bytes(version.tarball()));
  if (!digest || !named.contains(version.tarball())) {
    return not_held(thing, "its tarball is not among the blobs that the record names");
  }
  SLUICE_TRY(const auto blob, blobs.find(*digest));
  if (!blob || blob->size != version.size()) {
    return not_held(thing, "its tarball is not in the store, or of another size");
  }
  return check_dist(thing, *manifest, *blob);
}

// What is visible and stays visible keeps its bytes: a version is never replaced.
Result<void> check_unchanged(const proto::NpmPackage& package, const CatalogEntry& previous) {
  proto::NpmPackage before;
  if (!before.ParseFromString(previous.body)) {
    return Error{ErrorCode::kIo, "npm record " + package.name(), "what is held cannot be read",
                 "check the catalog's disk"};
  }
  std::map<std::string, std::string> tarballs;
  for (const auto& version : before.versions()) {
    tarballs[version.version()] = version.tarball();
  }
  for (const auto& version : package.versions()) {
    const auto held = tarballs.find(version.version());
    if (held != tarballs.end() && held->second != version.tarball()) {
      return not_held(package.name() + "@" + version.version(),
                      "it would replace a visible version by other bytes");
    }
  }
  return {};
}

Result<void> check_tags_and_extra(const proto::NpmPackage& package,
                                  const std::set<std::string>& versions) {
  for (const auto& [tag, version] : package.dist_tags()) {
    if (!versions.contains(version)) {
      return not_held(package.name(), "its tag " + tag + " is of a version that it does not hold");
    }
  }
  if (!package.dist_tags().contains("latest")) {
    return not_held(package.name(), "it has no tag \"latest\"");
  }
  if (package.extra().empty()) {
    return {};
  }
  const auto extra = read_object(package.extra());
  if (!extra) {
    return not_held(package.name(), "its further members are not a JSON object");
  }
  for (const char* own : {"_id", "name", "dist-tags", "versions", "time"}) {
    if (extra->contains(own)) {  // it would stand twice, and clients would read the second
      return not_held(package.name(), std::string("its further members hold \"") + own + '"');
    }
  }
  return {};
}

}  // namespace

Result<void> NpmRecordCheck::check(const proto::Record& record,
                                   const std::optional<CatalogEntry>& previous,
                                   const store::BlobStore& blobs) {
  if (record.withdrawn()) {
    return {};
  }
  proto::NpmPackage package;
  if (!package.ParseFromString(record.body())) {
    return not_held(record.document(), "its body cannot be read");
  }
  if (package.name() != record.document() || !npm::check_package_name(package.name()) ||
      package.versions().empty()) {
    return not_held(record.document(), "its body is of another package, or has no versions");
  }
  const std::set<std::string> named(record.blobs().begin(), record.blobs().end());
  std::set<std::string> versions;
  for (const auto& version : package.versions()) {
    if (!versions.insert(version.version()).second) {
      return not_held(package.name() + "@" + version.version(), "it stands twice");
    }
    SLUICE_TRY_VOID(check_version(package, version, named, blobs));
  }
  SLUICE_TRY_VOID(check_tags_and_extra(package, versions));
  return previous && !previous->body.empty() ? check_unchanged(package, *previous) : Result<void>();
}

}  // namespace sluice::high
