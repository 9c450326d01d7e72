// package-lock.json.
#include <boost/json.hpp>

#include "common/ecosystem/npm/package_name.h"
#include "common/ecosystem/npm/semver.h"
#include "lowside/upstream/npm/json_member.h"
#include "lowside/upstream/npm/lock_formats.h"
#include "lowside/upstream/npm/origin.h"
#include "lowside/upstream/npm/platform.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

constexpr std::string_view kFolder = "node_modules/";

bool is_set(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

// Where a package that no registry holds comes from; empty for one that a registry holds. npm may
// be set to leave `resolved` out. Registries keep tarballs at ".../-/<file>".
std::string foreign_origin(const json::object& entry) {
  const std::string resolved = text_of(entry, "resolved");
  const bool is_link = is_set(entry, "link");
  if (resolved.empty() || (is_link && !resolved.starts_with(".."))) {
    return "";  // a link inside the project is a workspace: its own sources
  }
  const bool is_http = resolved.starts_with("https://") || resolved.starts_with("http://");
  return is_http && resolved.find("/-/") != std::string::npos ? "" : resolved;
}

Error not_readable(const std::string& name, std::string cause) {
  return {ErrorCode::kInvalid, name, std::move(cause),
          "make it anew: npm install --package-lock-only, with npm 7 or later"};
}

Result<LockedPackage> read_entry(const std::string& want, const std::string& key,
                                 const json::object& entry) {
  LockedPackage package;
  package.name = text_of(entry, "name");
  if (package.name.empty()) {
    package.name = key.substr(key.rfind(kFolder) + kFolder.size());
  }
  if (const std::string origin = foreign_origin(entry); !origin.empty()) {
    return foreign_package(want, package.name, origin);
  }
  package.version = text_of(entry, "version");
  if (!npm::check_package_name(package.name) || !npm::SemVer::parse(package.version)) {
    return not_readable(want, "\"" + key + "\" has no proper name and version");
  }
  package.integrity = strongest_digest(text_of(entry, "integrity"));
  package.optional = is_set(entry, "optional") || is_set(entry, "devOptional");
  return package;
}

}  // namespace

Result<std::vector<LockedPackage>> read_package_lock(const LockText& lock) {
  boost::system::error_code failure;
  const json::value value = json::parse(lock.text, failure);
  if (failure || !value.is_object()) {
    return not_readable(lock.name, "not a JSON object");
  }
  const auto* packages = value.get_object().if_contains("packages");
  if (packages == nullptr || !packages->is_object()) {
    return not_readable(lock.name, "no \"packages\": lockfileVersion 2 or 3 is needed");
  }
  std::vector<LockedPackage> result;
  for (const auto& [key_text, entry_value] : packages->get_object()) {
    const std::string key(key_text);
    const auto* entry = entry_value.if_object();
    if (entry == nullptr) {
      return not_readable(lock.name, "\"" + key + "\" is not an object");
    }
    // Without node_modules it is the project itself or one of its workspaces.
    if (key.find(kFolder) == std::string::npos || is_set(*entry, "inBundle") ||
        (is_set(*entry, "dev") && !lock.include_dev)) {
      continue;
    }
    const bool is_workspace = is_set(*entry, "link") && foreign_origin(*entry).empty();
    if (is_workspace) {
      continue;
    }
    SLUICE_TRY(LockedPackage package, read_entry(lock.name, key, *entry));
    if (!package.optional || suits_any(*entry, lock.targets)) {
      result.push_back(std::move(package));
    }
  }
  return result;
}

}  // namespace sluice::low
