#include "lowside/upstream/pypi/specifier.h"

#include <algorithm>
#include <array>

#include "common/base/text.h"

namespace sluice::low {
namespace {

using pypi::Version;

constexpr std::array<std::string_view, 8> kComparisons{
    "===", "==", "~=", "!=", "<=", ">=", "<", ">"};

// 1.2.5 starts with 1.2, filled up with zeros, in the same epoch.
bool starts_with(const Version& version, const Version& prefix, std::size_t parts) {
  if (version.epoch() != prefix.epoch()) {
    return false;
  }
  for (std::size_t i = 0; i < parts; ++i) {
    const std::uint64_t own = i < version.release().size() ? version.release()[i] : 0;
    if (own != prefix.release()[i]) {
      return false;
    }
  }
  return true;
}

bool equals(const Version& version, const Version& wanted) {
  return wanted.has_local() ? version == wanted : version.without_local() == wanted;
}

}  // namespace

std::optional<SpecifierSet> SpecifierSet::parse(std::string_view text) {
  SpecifierSet set;
  if (trim(text).empty()) {
    return set;
  }
  for (const std::string_view part : split(text, ',')) {
    if (trim(part).empty()) {
      continue;
    }
    auto specifier = parse_one(trim(part));
    if (!specifier) {
      return std::nullopt;
    }
    set.specifiers_.push_back(std::move(*specifier));
  }
  return set;
}

std::optional<SpecifierSet::Specifier> SpecifierSet::parse_one(std::string_view text) {
  const auto comparison = std::ranges::find_if(
      kComparisons, [&](std::string_view each) { return text.starts_with(each); });
  if (comparison == kComparisons.end()) {
    return std::nullopt;
  }
  Specifier specifier;
  specifier.comparison = *comparison;
  std::string_view rest = trim(text.substr(comparison->size()));
  if (rest.ends_with(".*") && (*comparison == "==" || *comparison == "!=")) {
    specifier.is_prefix = true;
    rest.remove_suffix(2);
  }
  const auto version = Version::parse(rest);
  if (!version || (*comparison == "~=" && version->release().size() < 2)) {
    return std::nullopt;
  }
  specifier.version = *version;
  return specifier;
}

bool SpecifierSet::allows(const Version& version) const {
  return std::ranges::all_of(specifiers_,
                             [&](const Specifier& each) { return allows(each, version); });
}

bool SpecifierSet::allows(const Specifier& specifier, const Version& version) {
  const Version& wanted = specifier.version;
  const std::string& comparison = specifier.comparison;
  const Version plain = version.without_local();
  if (comparison == "==" || comparison == "!=" || comparison == "===") {
    const bool same = specifier.is_prefix ? starts_with(version, wanted, wanted.release().size())
                                          : equals(version, wanted);
    return same == (comparison != "!=");
  }
  if (comparison == "~=") {
    return plain >= wanted && starts_with(version, wanted, wanted.release().size() - 1);
  }
  if (comparison == "<=") {
    return plain <= wanted;
  }
  if (comparison == ">=") {
    return plain >= wanted;
  }
  // Neither "<2" nor ">2" means the pre-releases and post-releases of 2 itself.
  if (comparison == "<") {
    return plain < wanted &&
           (wanted.is_prerelease() || !version.is_prerelease() || version.base() != wanted.base());
  }
  return plain > wanted &&
         (wanted.is_postrelease() || !version.is_postrelease() || version.base() != wanted.base());
}

}  // namespace sluice::low
