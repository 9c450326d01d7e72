#include "highside/publish/npm/package_changes.h"

#include <algorithm>
#include <boost/json.hpp>

#include "common/ecosystem/npm/semver.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxVersions = 10'000;
constexpr std::size_t kMaxTagBytes = 128;
constexpr std::size_t kMaxTags = 1000;
constexpr std::size_t kMaxDeprecationBytes = 1024;
constexpr std::string_view kLatest = "latest";
// Of the packument's own; what else it says goes along.
constexpr std::array<std::string_view, 9> kOwnMembers{
    "_id", "_rev", "name", "dist-tags", "versions", "time", "access", "_attachments", "users"};

// As npm writes times: milliseconds.
std::string time_text(UtcTime when) {
  std::string text = format_rfc3339(when);  // "2026-01-31T12:00:00.000000Z"
  text.erase(text.size() - 4, 3);
  return text;
}

Result<proto::NpmPackage> read(const std::string& name, const std::optional<CatalogEntry>& now) {
  proto::NpmPackage package;
  if (now && !package.ParseFromString(now->body)) {
    return Error{ErrorCode::kIo, name, "its record cannot be read", "check the catalog's disk"};
  }
  package.set_name(name);
  return package;
}

Result<proto::NpmPackage> read_held(const std::string& name,
                                    const std::optional<CatalogEntry>& now) {
  if (!now) {
    return Error{ErrorCode::kNotFound, name, "it is not published here", ""};
  }
  return read(name, now);
}

proto::NpmVersion* find(proto::NpmPackage& package, std::string_view version) {
  const auto found =
      std::ranges::find(*package.mutable_versions(), version, &proto::NpmVersion::version);
  return found == package.mutable_versions()->end() ? nullptr : &*found;
}

// A tag that npm could take for a version or a range would hide it.
Result<void> check_tag(const std::string& tag) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  const bool plain = !tag.empty() && tag.size() <= kMaxTagBytes &&
                     tag.find_first_not_of(kPlain) == std::string::npos;
  const bool ranges =
      !tag.empty() && ((tag[0] >= '0' && tag[0] <= '9') || tag == "x" || tag == "X" ||
                       (tag[0] == 'v' && tag.size() > 1 && tag[1] >= '0' && tag[1] <= '9'));
  if (!plain || ranges) {
    return Error{ErrorCode::kInvalid, "tag \"" + tag.substr(0, kMaxTagBytes) + "\"",
                 "it is no tag, or looks like a version", "take a word"};
  }
  return {};
}

// npm's clients need the tag: the highest release where it is gone.
void mend_latest(proto::NpmPackage& package) {
  auto& tags = *package.mutable_dist_tags();
  for (auto tag = tags.begin(); tag != tags.end();) {
    tag = find(package, tag->second) == nullptr ? tags.erase(tag) : std::next(tag);
  }
  if (tags.contains(std::string(kLatest)) || package.versions().empty()) {
    return;
  }
  std::string best = package.versions(package.versions_size() - 1).version();
  for (const proto::NpmVersion& version : package.versions()) {
    const auto parsed = npm::SemVer::parse(version.version());
    if (parsed && !parsed->is_prerelease()) {
      best = version.version();
    }
  }
  tags[std::string(kLatest)] = best;
}

std::optional<proto::Record> record_of(const proto::NpmPackage& package) {
  proto::Record record;
  if (package.versions().empty()) {
    record.set_withdrawn(true);
    return record;
  }
  record.set_body(package.SerializeAsString());
  for (const proto::NpmVersion& version : package.versions()) {
    record.add_blobs(version.tarball());
  }
  return record;
}

std::string extra_of(const json::object& document) {
  json::object extra;
  for (const auto& [key, value] : document) {
    if (std::ranges::find(kOwnMembers, std::string_view(key)) == kOwnMembers.end()) {
      extra[key] = value;
    }
  }
  return json::serialize(extra);
}

Result<void> take_tags(proto::NpmPackage& package, const json::object& document,
                       const std::string& version) {
  const json::value* tags = document.if_contains("dist-tags");
  if (tags != nullptr && tags->is_object()) {
    for (const auto& [tag, target] : tags->get_object()) {
      SLUICE_TRY_VOID(check_tag(std::string(tag)));
      if (target.is_string() && std::string_view(target.get_string()) == version) {
        (*package.mutable_dist_tags())[std::string(tag)] = version;
      }
    }
  }
  mend_latest(package);
  if (package.dist_tags_size() > static_cast<int>(kMaxTags)) {
    return Error{ErrorCode::kRefused, package.name(),
                 "it has more than " + std::to_string(kMaxTags) + " tags",
                 "take some away: npm dist-tag rm"};
  }
  return {};
}

}  // namespace

MadeRecord with_version(const std::string& name, const NewVersion& added,
                        const json::object& document, UtcTime when,
                        const std::optional<CatalogEntry>& now) {
  SLUICE_TRY(proto::NpmPackage package, read(name, now));
  const std::string digest(as_text(added.tarball.digest.bytes()));
  if (const proto::NpmVersion* held = find(package, added.version)) {
    return held->tarball() == digest
               ? MadeRecord(std::optional<proto::Record>())
               : Error{ErrorCode::kRefused, name + "@" + added.version,
                       "it is published already, with other bytes: a version is never replaced",
                       "give it a new version"};
  }
  if (static_cast<std::size_t>(package.versions_size()) >= kMaxVersions) {
    return Error{ErrorCode::kRefused, name,
                 "it has " + std::to_string(kMaxVersions) + " versions already",
                 "let retention take away old ones"};
  }
  proto::NpmVersion& version = *package.add_versions();
  version.set_version(added.version);
  version.set_manifest(added.manifest);
  version.set_tarball(digest);
  version.set_size(added.tarball.size);
  std::ranges::stable_sort(*package.mutable_versions(), [](const auto& a, const auto& b) {
    return npm::version_less(a.version(), b.version());
  });
  SLUICE_TRY_VOID(take_tags(package, document, added.version));
  auto& times = *package.mutable_time();
  times[added.version] = time_text(when);
  times["modified"] = time_text(when);
  times.insert({"created", time_text(when)});
  package.set_extra(extra_of(document));
  return record_of(package);
}

MadeRecord with_deprecations(const std::string& name, const json::object& document, UtcTime when,
                             const std::optional<CatalogEntry>& now) {
  SLUICE_TRY(proto::NpmPackage package, read_held(name, now));
  const json::value* versions = document.if_contains("versions");
  if (versions == nullptr || !versions->is_object()) {
    return Error{ErrorCode::kInvalid, name, "it has neither a tarball nor versions", ""};
  }
  bool changed = false;
  for (const auto& [text, said] : versions->get_object()) {
    proto::NpmVersion* const held = find(package, std::string_view(text));
    const json::value* note =
        said.is_object() ? said.get_object().if_contains("deprecated") : nullptr;
    boost::system::error_code failed;
    json::value manifest = held == nullptr ? json::value() : json::parse(held->manifest(), failed);
    if (held == nullptr || failed || !manifest.is_object()) {
      continue;
    }
    json::object& members = manifest.get_object();
    const bool says = note != nullptr && note->is_string() && !note->get_string().empty();
    if (says && note->get_string().size() > kMaxDeprecationBytes) {
      return Error{ErrorCode::kInvalid, name + "@" + std::string(text),
                   "its note has more than " + std::to_string(kMaxDeprecationBytes) + " bytes", ""};
    }
    const json::value* before = members.if_contains("deprecated");
    if (says ? before != nullptr && *before == *note : before == nullptr) {
      continue;
    }
    if (says) {
      members["deprecated"] = *note;
    } else {
      members.erase("deprecated");
    }
    held->set_manifest(json::serialize(manifest));
    changed = true;
  }
  if (!changed) {
    return std::optional<proto::Record>();
  }
  (*package.mutable_time())["modified"] = time_text(when);
  return record_of(package);
}

MadeRecord with_tag(const std::string& name, const std::string& tag, const std::string& version,
                    UtcTime when, const std::optional<CatalogEntry>& now) {
  SLUICE_TRY(proto::NpmPackage package, read_held(name, now));
  SLUICE_TRY_VOID(check_tag(tag));
  auto& tags = *package.mutable_dist_tags();
  const bool has = tags.contains(tag);
  if (version.empty() && tag == kLatest) {
    return Error{ErrorCode::kInvalid, name, "the tag \"latest\" cannot be taken away",
                 "move it: npm dist-tag add"};
  }
  if (version.empty() ? !has : find(package, version) == nullptr) {
    return Error{ErrorCode::kNotFound, name,
                 version.empty() ? "it has no tag " + tag : "it has no version " + version, ""};
  }
  if (!version.empty() && has && tags.at(tag) == version) {
    return std::optional<proto::Record>();
  }
  if (version.empty()) {
    tags.erase(tag);
  } else {
    tags[tag] = version;
  }
  if (tags.size() > kMaxTags) {
    return Error{ErrorCode::kRefused, name, "it has too many tags", "take some away"};
  }
  (*package.mutable_time())["modified"] = time_text(when);
  return record_of(package);
}

MadeRecord with_versions(const std::string& name, const std::set<std::string>& kept, UtcTime when,
                         const std::optional<CatalogEntry>& now) {
  SLUICE_TRY(proto::NpmPackage package, read_held(name, now));
  auto& versions = *package.mutable_versions();
  const int before = versions.size();
  versions.erase(std::remove_if(versions.begin(), versions.end(),
                                [&](const auto& version) {
                                  if (kept.contains(version.version())) {
                                    return false;
                                  }
                                  package.mutable_time()->erase(version.version());
                                  return true;
                                }),
                 versions.end());
  if (versions.size() == before) {
    return std::optional<proto::Record>();
  }
  mend_latest(package);
  (*package.mutable_time())["modified"] = time_text(when);
  return record_of(package);
}

}  // namespace sluice::high
