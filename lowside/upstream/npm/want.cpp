#include "lowside/upstream/npm/want.h"

#include <boost/json.hpp>

#include "common/base/text.h"
#include "common/ecosystem/npm/package_name.h"
#include "lowside/upstream/npm/lock_file.h"
#include "lowside/upstream/npm/origin.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

// A lock file of 20 000 packages has about 8 MiB.
constexpr std::uint64_t kMaxWantFileBytes = std::uint64_t{64} << 20;

Result<void> check_dependencies(const std::string& want, const json::object& dependencies) {
  for (const auto& [name, range] : dependencies) {
    const std::string dependency = std::string(name);
    if (!range.is_string()) {
      return Error{ErrorCode::kInvalid, want, "the range of " + dependency + " is not a string",
                   "write it as \"name\": \"range\""};
    }
    if (is_outside_registry(std::string_view(range.get_string()))) {
      return foreign_package(want, dependency, std::string_view(range.get_string()));
    }
    if (auto checked = npm::check_package_name(dependency); !checked) {
      Error error = std::move(checked).error();
      error.thing = want + ": " + error.thing;
      return error;
    }
  }
  return {};
}

Result<NpmWant> want_of_project(const std::string& name, const json::object& project) {
  if (project.contains("workspaces")) {
    return Error{ErrorCode::kInvalid, name, "it has workspaces",
                 "list its lock file instead, or the package.json of each workspace"};
  }
  json::object kept{{"name", "wanted"}, {"version", "0.0.0"}, {"private", true}};
  for (const char* key : {"dependencies", "devDependencies", "optionalDependencies",
                          "peerDependencies", "peerDependenciesMeta", "overrides"}) {
    const auto* value = project.if_contains(key);
    if (value == nullptr) {
      continue;
    }
    if (!value->is_object()) {
      return Error{ErrorCode::kInvalid, name, std::string(key) + " is not an object",
                   "write it as {\"name\": \"range\"}"};
    }
    if (std::string_view(key).ends_with("ependencies")) {
      SLUICE_TRY_VOID(check_dependencies(name, value->get_object()));
    }
    kept[key] = *value;
  }
  return NpmWant{name, json::serialize(kept), ""};
}

}  // namespace

Result<NpmWant> want_of_spec(std::string_view spec) {
  const std::string_view text = trim(spec);
  const std::size_t at = text.find('@', 1);
  const std::string package(text.substr(0, at));
  const std::string range(
      at == std::string_view::npos || at + 1 == text.size() ? "latest" : text.substr(at + 1));
  const json::object project{{"dependencies", json::object{{package, range}}}};
  SLUICE_TRY(NpmWant want, want_of_project(std::string(text), project));
  want.package = package;
  return want;
}

Result<NpmWant> want_of_file(FileSystem& files, const std::filesystem::path& path) {
  SLUICE_TRY(const Bytes bytes, read_file(files, path, kMaxWantFileBytes));
  const std::string_view text = as_text(bytes);
  if (is_lock_of_yarn_or_pnpm(text)) {
    return NpmWant{path.string(), "", std::string(text)};
  }
  boost::system::error_code failure;
  const json::value value = json::parse(text, failure);
  if (failure || !value.is_object()) {
    return Error{ErrorCode::kInvalid, path.string(),
                 "not a JSON object" + (failure ? ": " + failure.message() : std::string()),
                 "give a package.json, package-lock.json, pnpm-lock.yaml or yarn.lock"};
  }
  if (value.get_object().contains("lockfileVersion")) {
    return NpmWant{path.string(), "", std::string(text)};
  }
  return want_of_project(path.string(), value.get_object());
}

}  // namespace sluice::low
