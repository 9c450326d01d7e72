// pnpm-lock.yaml. What a key of `packages` looks like:
//
//   5.4  /semver/5.7.3   /@types/semver/7.5.8   /a/1.0.0_react@18.2.0   file:own
//   host/user/repo/1d7e 6    /semver@5.7.3   /@types/semver@7.5.8   /a@1.0.0(react@18.2.0) file:own
//   host/user/repo/1d7e 9    semver@5.7.3    @types/semver@7.5.8    a@1.0.0 own@file:own
//
// 9 keeps apart what is the same for all peers (`packages`) and what is not (`snapshots`, whose
// keys have the peers in parentheses), and does not tell what only development needs: that is what
// no other dependency leads to. Since pnpm 11 a first document may hold what pnpm itself is made
// of.
#include <boost/json.hpp>
#include <map>
#include <set>

#include "common/ecosystem/npm/package_name.h"
#include "common/ecosystem/npm/semver.h"
#include "lowside/upstream/npm/json_member.h"
#include "lowside/upstream/npm/lock_formats.h"
#include "lowside/upstream/npm/origin.h"
#include "lowside/upstream/npm/platform.h"
#include "lowside/upstream/npm/yaml.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

Error not_readable(const std::string& name, std::string cause) {
  return {ErrorCode::kInvalid, name, std::move(cause),
          "make it anew: pnpm install --lockfile-only, with pnpm 7 or later"};
}

// Its members; none where it is not there or empty.
const json::object& object_of(const json::object& parent, std::string_view key) {
  static const json::object none;
  const auto* value = parent.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : none;
}

bool is_true(const json::object& object, std::string_view key) {
  return text_of(object, key) == "true";
}

std::string_view without_peers(std::string_view key) { return key.substr(0, key.find('(')); }

struct PackageId {
  std::string_view name;
  std::string_view version;  // empty where there is none
};

bool is_proper(const PackageId& id) {
  return npm::check_package_name(id.name).has_value() && npm::SemVer::parse(id.version).has_value();
}

PackageId split_at(std::string_view text, std::size_t place) {
  return place == std::string_view::npos ? PackageId{text, ""}
                                         : PackageId{text.substr(0, place), text.substr(place + 1)};
}

// What is of no registry gives no proper name or no proper version.
PackageId id_of(std::string_view key, bool is_version_5) {
  const bool is_rooted = key.starts_with('/');
  key = without_peers(key.substr(is_rooted ? 1 : 0));
  if (!is_version_5) {
    return split_at(key, key.find('@', 1));
  }
  if (!is_rooted) {  // of another registry, whose host comes first
    key = split_at(key, key.find('/')).version;
  }
  const std::size_t scope = key.starts_with('@') ? key.find('/') : 0;
  PackageId id = split_at(key, scope == std::string_view::npos ? scope : key.find('/', scope + 1));
  id.version = id.version.substr(0, id.version.find('_'));
  return id;
}

// The key of `snapshots` that a dependency means: its version alone, or with an alias all of it.
std::string snapshot_key(std::string_view name, std::string_view version) {
  const std::size_t at = version.find('@');
  const bool is_whole = at != std::string_view::npos && at < version.find_first_of(":(");
  return is_whole ? std::string(version) : std::string(name) + "@" + std::string(version);
}

// Of version 9: the packages that dependencies lead to which are not only development's.
std::set<std::string> needed_to_run(const json::object& document) {
  std::set<std::string> packages;
  std::set<std::string> seen;
  std::vector<std::string> open;
  const auto follow = [&](const json::object& dependencies) {
    for (const auto& [name, value] : dependencies) {
      const auto* specified = value.if_object();  // the project's say what was asked for, too
      const auto* text = value.if_string();
      const std::string version = specified != nullptr ? text_of(*specified, "version")
                                  : text != nullptr    ? std::string(*text)
                                                       : std::string();
      const std::string key = snapshot_key(name, version);
      if (seen.insert(key).second) {
        open.push_back(key);
      }
    }
  };
  for (const auto& [path, importer] : object_of(document, "importers")) {
    if (const auto* object = importer.if_object()) {
      for (const char* kind : {"dependencies", "optionalDependencies", "configDependencies",
                               "packageManagerDependencies"}) {
        follow(object_of(*object, kind));
      }
    }
  }
  const json::object& snapshots = object_of(document, "snapshots");
  while (!open.empty()) {
    const std::string key = std::move(open.back());
    open.pop_back();
    packages.emplace(without_peers(key));
    const json::object& snapshot = object_of(snapshots, key);
    follow(object_of(snapshot, "dependencies"));
    follow(object_of(snapshot, "optionalDependencies"));
  }
  return packages;
}

// Of version 9: what every snapshot of it calls optional.
std::set<std::string> optional_packages(const json::object& document) {
  std::map<std::string, bool, std::less<>> is_optional;
  for (const auto& [key, value] : object_of(document, "snapshots")) {
    const auto* snapshot = value.if_object();
    const bool optional = snapshot != nullptr && is_true(*snapshot, "optional");
    const auto [known, is_new] = is_optional.emplace(without_peers(key), optional);
    known->second = known->second && optional;
  }
  std::set<std::string> result;
  for (const auto& [key, optional] : is_optional) {
    if (optional) {
      result.insert(key);
    }
  }
  return result;
}

class Reader {
 public:
  Reader(const LockText& lock, std::vector<LockedPackage>& result) : lock_(lock), result_(result) {}

  Result<void> read(const json::object& document) {
    const std::string version = text_of(document, "lockfileVersion");
    is_version_5_ = version == "5.4" || version == "5.4-inlineSpecifiers";
    is_version_9_ = version.starts_with("9.");
    if (!is_version_5_ && !is_version_9_ && !version.starts_with("6.")) {
      return not_readable(lock_.name,
                          "its lockfileVersion is \"" + version + "\": 5.4, 6 or 9 is needed");
    }
    if (is_version_9_) {
      optional_ = optional_packages(document);
      needed_ = lock_.include_dev ? std::set<std::string>() : needed_to_run(document);
    }
    for (const auto& [key, value] : object_of(document, "packages")) {
      const auto* entry = value.if_object();
      if (entry == nullptr) {
        return not_readable(lock_.name, "\"" + std::string(key) + "\" is not a mapping");
      }
      SLUICE_TRY_VOID(take(std::string(key), *entry));
    }
    return {};
  }

 private:
  Result<void> take(const std::string& key, const json::object& entry) {
    if (!lock_.include_dev && (is_version_9_ ? !needed_.contains(key) : is_true(entry, "dev"))) {
      return {};
    }
    const json::object& resolution = object_of(entry, "resolution");
    const std::string type = text_of(resolution, "type");
    if (type == "directory" && is_own_folder(text_of(resolution, "directory"))) {
      return {};
    }
    const PackageId id = id_of(key, is_version_5_);
    if (!is_proper(id) || !type.empty()) {
      const std::string told = text_of(entry, "name");
      return foreign(key, told.empty() ? std::string(id.name) : told, resolution);
    }
    LockedPackage package{std::string(id.name), std::string(id.version),
                          strongest_digest(text_of(resolution, "integrity")),
                          is_version_9_ ? optional_.contains(key) : is_true(entry, "optional")};
    if (!package.optional || suits_any(entry, lock_.targets)) {
      result_.push_back(std::move(package));
    }
    return {};
  }

  Error foreign(const std::string& key, const std::string& name,
                const json::object& resolution) const {
    for (const char* member : {"repo", "tarball", "directory"}) {
      if (const std::string origin = text_of(resolution, member); !origin.empty()) {
        return foreign_package(lock_.name, name, origin);
      }
    }
    return not_readable(lock_.name, "\"" + key + "\" names no version that a registry holds");
  }

  const LockText& lock_;
  std::vector<LockedPackage>& result_;
  bool is_version_5_ = false;
  bool is_version_9_ = false;
  std::set<std::string> optional_;
  std::set<std::string> needed_;
};

}  // namespace

Result<std::vector<LockedPackage>> read_pnpm_lock(const LockText& lock) {
  const auto documents = read_yaml(lock.text);
  if (!documents) {
    return not_readable(lock.name, documents.error().cause);
  }
  std::vector<LockedPackage> result;
  for (const json::value& document : *documents) {
    const auto* object = document.if_object();
    if (object == nullptr) {
      return not_readable(lock.name, "not a mapping");
    }
    SLUICE_TRY_VOID(Reader(lock, result).read(*object));
  }
  return result;
}

}  // namespace sluice::low
