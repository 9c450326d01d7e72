// What an operator says about one npm registry.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace sluice::low {

// A machine that packages are for, in node's own words (process.platform, process.arch).
struct NpmTarget {
  std::string os = "linux";
  std::string cpu = "x64";
  std::string libc = "glibc";  // or "musl"; without meaning outside linux
};

// Where the registry serves no keys, there is nothing to check and neither matters.
enum class NpmSignatures {
  kRequired,  // a version without a signature is refused: a registry that signs, signs everything
  kWhenPresent,  // for registries that pass on signed packages beside unsigned ones of their own
};

struct NpmSettings {
  std::string name;      // of the source
  std::string registry;  // "https://…/"; what `npm config get registry` says
  std::chrono::seconds interval{300};
  std::vector<std::string> packages;         // "express@^4", "@types/node@20", "left-pad"
  std::vector<std::filesystem::path> files;  // package.json or a lock file; read at each poll
  // Optional packages for other machines are left out. Empty: none is. pnpm 11 and later need that:
  // they look up how old everything is that a lock file names before they choose; so does yarn
  // where it resolves anew.
  std::vector<NpmTarget> targets{NpmTarget{}};
  bool include_dev = true;  // devDependencies of package.json, "dev" entries of lock files
  NpmSignatures signatures = NpmSignatures::kRequired;
  std::string npm = "npm";  // the program
};

}  // namespace sluice::low
