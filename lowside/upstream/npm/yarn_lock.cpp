// yarn.lock of yarn 2 and later: YAML whose entries tell by `resolution` what they are:
// "semver@npm:5.7.3", "own@workspace:packages/own", "x@patch:x@npm%3A1.0.0#…", "x@https://…".
// `checksum` is that of an archive that yarn makes itself, so that nothing can be compared with it.
#include <boost/json.hpp>

#include "common/base/text.h"
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
  return {ErrorCode::kInvalid, name, std::move(cause), "make it anew: yarn install"};
}

// "os=linux & (cpu=x64 | cpu=arm64) & !libc=musl" as the lists of the manifest that yarn made it
// of.
json::object platform_of(std::string_view conditions) {
  json::object manifest;
  for (const std::string_view all : split(conditions, '&')) {
    for (const std::string_view one : split(all, '|')) {
      std::string_view term = trim(one);
      term.remove_prefix(term.starts_with('(') ? 1 : 0);
      term.remove_suffix(term.ends_with(')') ? 1 : 0);
      const bool is_forbidden = term.starts_with('!');
      term.remove_prefix(is_forbidden ? 1 : 0);
      const std::size_t equals = term.find('=');
      if (equals == std::string_view::npos) {
        continue;
      }
      json::value& list = manifest[term.substr(0, equals)];
      if (!list.is_array()) {
        list.emplace_array();
      }
      list.get_array().emplace_back((is_forbidden ? "!" : "") +
                                    std::string(term.substr(equals + 1)));
    }
  }
  return manifest;
}

// What stands before the parameters of a reference: "./own" of "./own#./own::hash=1&locator=x".
std::string_view path_of(std::string_view reference) {
  reference = reference.substr(0, reference.find("::"));
  return reference.substr(0, reference.find('#'));
}

// Whether it is the project's own: a workspace, a folder in it, or a patch of a package that has an
// entry of its own.
bool is_own(std::string_view protocol, std::string_view rest) {
  if (protocol == "workspace" || protocol == "patch") {
    return true;
  }
  return (protocol == "file" || protocol == "link" || protocol == "portal") &&
         is_own_folder(path_of(rest));
}

Result<void> take(const LockText& lock, std::string_view key, const json::object& entry,
                  std::vector<LockedPackage>& result) {
  const std::string resolution = text_of(entry, "resolution");
  const std::string_view text = resolution;
  const std::size_t at = text.find('@', 1);
  const std::size_t colon = at == std::string_view::npos ? at : text.find(':', at);
  if (colon == std::string_view::npos) {
    return not_readable(lock.name, "\"" + std::string(key) + "\" has no resolution");
  }
  const std::string_view protocol = text.substr(at + 1, colon - at - 1);
  const std::string_view rest = text.substr(colon + 1);
  if (is_own(protocol, rest)) {
    return {};
  }
  LockedPackage package;
  package.name = text.substr(0, at);
  if (protocol != "npm") {
    return foreign_package(lock.name, package.name, text.substr(at + 1));
  }
  package.version = rest.substr(0, rest.find("::"));
  if (!npm::check_package_name(package.name) || !npm::SemVer::parse(package.version)) {
    return not_readable(lock.name, "\"" + std::string(key) + "\" has no proper name and version");
  }
  const std::string conditions = text_of(entry, "conditions");
  package.optional = !conditions.empty();
  if (!package.optional || suits_any(platform_of(conditions), lock.targets)) {
    result.push_back(std::move(package));
  }
  return {};
}

}  // namespace

Result<std::vector<LockedPackage>> read_yarn_lock(const LockText& lock) {
  const auto documents = read_yaml(lock.text);
  if (!documents) {
    return not_readable(lock.name, documents.error().cause);
  }
  const auto* entries = documents->size() == 1 ? documents->front().if_object() : nullptr;
  if (entries == nullptr) {
    return not_readable(lock.name, "not one mapping");
  }
  std::vector<LockedPackage> result;
  for (const auto& [key, value] : *entries) {
    if (key == "__metadata") {
      continue;
    }
    const auto* entry = value.if_object();
    if (entry == nullptr) {
      return not_readable(lock.name, "\"" + std::string(key) + "\" is not a mapping");
    }
    SLUICE_TRY_VOID(take(lock, key, *entry, result));
  }
  return result;
}

}  // namespace sluice::low
