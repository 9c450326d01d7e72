#include "lowside/upstream/pypi/lock_file.h"

#include <toml++/toml.h>

namespace sluice::low {
namespace {

Error invalid(const std::string& thing, std::string cause, std::string cure) {
  return {ErrorCode::kInvalid, thing, std::move(cause), std::move(cure)};
}

std::string text_at(const toml::table& table, std::string_view key) {
  return table[key].value_or(std::string());
}

// " --hash=sha256:…"; pip takes sha256 and sha512 of those that PEP 751 lets stand there.
std::string hashes_of(const toml::table& file) {
  std::string hashes;
  for (const char* algorithm : {"sha256", "sha512"}) {
    if (const auto hex = file["hashes"][algorithm].value<std::string>()) {
      hashes += " --hash=" + std::string(algorithm) + ":" + *hex;
    }
  }
  return hashes;
}

Result<std::string> all_hashes(const std::string& thing, const toml::table& package) {
  std::string hashes;
  if (const toml::array* wheels = package["wheels"].as_array()) {
    for (const toml::node& wheel : *wheels) {
      hashes += wheel.is_table() ? hashes_of(*wheel.as_table()) : "";
    }
  }
  if (const toml::table* sdist = package["sdist"].as_table()) {
    hashes += hashes_of(*sdist);
  }
  if (hashes.empty()) {
    return invalid(thing, "it has no file with a SHA-256 or SHA-512",
                   "lock it again, from an index");
  }
  return hashes;
}

// What pip does not know in a requirement.
bool asks_for_extras(std::string_view marker) {
  return marker.find("extras") != std::string_view::npos ||
         marker.find("dependency_groups") != std::string_view::npos;
}

Result<PypiRequirement> read_package(const std::string& file, const toml::table& package) {
  const std::string name = text_at(package, "name");
  const std::string thing = file + ": " + (name.empty() ? "a package without a name" : name);
  for (const char* kind : {"vcs", "directory", "archive"}) {
    if (package.contains(kind)) {
      return invalid(thing, std::string("it comes from ") + kind + ", not from an index",
                     "lock a version that the index holds, or carry that package as a file");
    }
  }
  const std::string version = text_at(package, "version");
  if (name.empty() || version.empty()) {
    return invalid(thing, "it has no name or no version", "lock it again, from an index");
  }
  SLUICE_TRY(const std::string hashes, all_hashes(thing, package));
  std::string marker = text_at(package, "marker");
  if (asks_for_extras(marker)) {
    marker.clear();
  }
  auto requirement =
      read_requirement(name + "==" + version + (marker.empty() ? "" : " ; " + marker) + hashes);
  if (!requirement) {
    Error error = std::move(requirement).error();
    error.thing = thing + ": " + error.thing;
    return error;
  }
  return requirement;
}

Result<PypiWant> read_packages(const std::string& name, const toml::table& lock) {
  const std::string version = text_at(lock, "lock-version");
  if (version != "1" && !version.starts_with("1.")) {
    return invalid(name, "its lock-version is \"" + version + "\"",
                   "PEP 751 has 1.0: lock it with a tool that writes that");
  }
  PypiWant want{name, {}};
  const toml::array* packages = lock["packages"].as_array();
  if (packages == nullptr) {
    return invalid(name, "it has no [[packages]]", "lock it again");
  }
  for (const toml::node& package : *packages) {
    const toml::table* table = package.as_table();
    SLUICE_TRY(auto requirement, read_package(name, table == nullptr ? toml::table() : *table));
    want.requirements.push_back(std::move(requirement));
  }
  return want;
}

}  // namespace

bool is_lock_file_name(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name == "pylock.toml" || (name.starts_with("pylock.") && name.ends_with(".toml"));
}

Result<PypiWant> read_lock_file(const std::string& name, std::string_view text) {
  try {
    return read_packages(name, toml::parse(text));
  } catch (const toml::parse_error& error) {
    return invalid(name,
                   "line " + std::to_string(error.source().begin.line) +
                       " is not TOML: " + std::string(error.description()),
                   "lock it again");
  }
}

}  // namespace sluice::low
