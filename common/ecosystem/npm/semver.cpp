#include "common/ecosystem/npm/semver.h"

#include <algorithm>

#include "common/base/text.h"

namespace sluice::npm {
namespace {

constexpr std::size_t kMaxVersionBytes = 256;                       // node-semver MAX_LENGTH
constexpr std::uint64_t kMaxNumber = (std::uint64_t{1} << 53) - 1;  // MAX_SAFE_INTEGER

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

bool has_leading_zero(std::string_view number) { return number.size() > 1 && number[0] == '0'; }

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (!is_number(text) || has_leading_zero(text) || text.size() > 16) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (const char c : text) {
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value <= kMaxNumber ? std::optional(value) : std::nullopt;
}

// Section 11.4. Numbers have no leading zeros, so that the longer is the greater.
std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) {
  const bool a_is_number = is_number(a);
  const bool b_is_number = is_number(b);
  if (a_is_number != b_is_number) {
    return a_is_number ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  if (a_is_number && a.size() != b.size()) {
    return a.size() <=> b.size();
  }
  return a.compare(b) <=> 0;
}

}  // namespace

std::optional<SemVer> SemVer::parse(std::string_view text) {
  if (text.size() > kMaxVersionBytes) {
    return std::nullopt;
  }
  SemVer version;
  if (const std::size_t plus = text.find('+'); plus != std::string_view::npos) {
    version.build = std::string(text.substr(plus + 1));
    for (const std::string_view part : split(version.build, '.')) {
      if (!is_identifier(part)) {
        return std::nullopt;
      }
    }
    text = text.substr(0, plus);
  }
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    for (const std::string_view part : split(text.substr(dash + 1), '.')) {
      if (!is_identifier(part) || (is_number(part) && has_leading_zero(part))) {
        return std::nullopt;
      }
      version.prerelease.emplace_back(part);
    }
    text = text.substr(0, dash);
  }
  const auto parts = split(text, '.');
  if (parts.size() != 3) {
    return std::nullopt;
  }
  const auto major = parse_number(parts[0]);
  const auto minor = parse_number(parts[1]);
  const auto patch = parse_number(parts[2]);
  if (!major || !minor || !patch) {
    return std::nullopt;
  }
  version.major = *major;
  version.minor = *minor;
  version.patch = *patch;
  return version;
}

std::strong_ordering precedence(const SemVer& a, const SemVer& b) {
  if (const auto order = a.major <=> b.major; order != 0) {
    return order;
  }
  if (const auto order = a.minor <=> b.minor; order != 0) {
    return order;
  }
  if (const auto order = a.patch <=> b.patch; order != 0) {
    return order;
  }
  if (a.is_prerelease() != b.is_prerelease()) {
    return a.is_prerelease() ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  for (std::size_t i = 0; i < std::min(a.prerelease.size(), b.prerelease.size()); ++i) {
    if (const auto order = compare_identifiers(a.prerelease[i], b.prerelease[i]); order != 0) {
      return order;
    }
  }
  return a.prerelease.size() <=> b.prerelease.size();
}

bool version_less(std::string_view a, std::string_view b) {
  const auto left = SemVer::parse(a);
  const auto right = SemVer::parse(b);
  if (left.has_value() != right.has_value()) {
    return right.has_value();
  }
  if (left) {
    if (const auto order = precedence(*left, *right); order != 0) {
      return order < 0;
    }
  }
  return a < b;
}

}  // namespace sluice::npm
