// Versions of npm packages: Semantic Versioning 2.0.0, with node-semver's limits. Ranges are npm's
// own business.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::npm {

struct SemVer {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::uint64_t patch = 0;
  std::vector<std::string> prerelease;  // "rc", "1" of 2.0.0-rc.1
  std::string build;                    // "sha.5" of 1.0.0+sha.5

  bool is_prerelease() const { return !prerelease.empty(); }

  // None for what node-semver's strict parse refuses; a leading "v" is refused too.
  static std::optional<SemVer> parse(std::string_view text);
};

// Precedence as in section 11: build metadata does not count.
std::strong_ordering precedence(const SemVer& a, const SemVer& b);

// Orders the texts of versions: those that parse by precedence, then by text; the others come
// first.
bool version_less(std::string_view a, std::string_view b);

}  // namespace sluice::npm
