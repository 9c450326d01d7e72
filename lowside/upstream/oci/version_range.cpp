#include "lowside/upstream/oci/version_range.h"

#include <algorithm>
#include <charconv>

#include "common/base/text.h"

namespace sluice::low {
namespace {

constexpr std::size_t kMaxRangeBytes = 256;
constexpr std::size_t kMaxAlternatives = 16;
// Of a number in a version, so that the next one is a number too.
constexpr std::uint64_t kMaxNumber = 1'000'000'000'000'000;

Error no_range(std::string_view text) {
  return {ErrorCode::kInvalid, "range \"" + std::string(text.substr(0, kMaxRangeBytes)) + "\"",
          "it is no range of versions", "write for example ^1.4, ~1.27, >=1.2 <2"};
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_plain = !text.empty() && (text.size() == 1 || text.front() != '0');
  if (failure != std::errc() || end != text.data() + text.size() || !is_plain ||
      value > kMaxNumber) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<VersionRange::Version> VersionRange::version_of(std::string_view tag) {
  if (tag.starts_with('v')) {
    tag.remove_prefix(1);
  }
  const auto parts = split(tag, '.');
  Version version{};
  if (parts.size() != version.size()) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < version.size(); ++i) {
    const auto part = number(parts[i]);
    if (!part) {
      return std::nullopt;
    }
    version[i] = *part;
  }
  return version;
}

Result<void> VersionRange::narrow(std::string_view comparator, Bounds& bounds) {
  const std::size_t digits = comparator.find_first_not_of("<>=^~");
  const std::string_view sign = comparator.substr(0, digits);
  const auto parts =
      split(digits == std::string_view::npos ? std::string_view() : comparator.substr(digits), '.');
  Version least{};
  if (parts.size() > least.size()) {
    return no_range(comparator);
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto part = number(parts[i]);
    if (!part) {
      return no_range(comparator);
    }
    least[i] = *part;
  }
  const auto next_after = [&](std::size_t place) {
    Version next{};
    std::copy_n(least.begin(), place + 1, next.begin());
    ++next[place];
    return next;
  };
  const auto at_least = [&](const Version& version) {
    bounds.least = std::max(bounds.least, version);
  };
  const auto below = [&](const Version& version) {
    bounds.below = bounds.below ? std::min(*bounds.below, version) : version;
  };
  const Version after = next_after(parts.size() - 1);  // of what has these numbers in front
  if (sign == ">=") {
    at_least(least);
  } else if (sign == ">") {
    at_least(after);
  } else if (sign == "<") {
    below(least);
  } else if (sign == "<=") {
    below(after);
  } else if (sign == "=" || sign.empty()) {
    at_least(least);
    below(after);
  } else if (sign == "~") {
    at_least(least);
    below(next_after(std::min<std::size_t>(parts.size() - 1, 1)));
  } else if (sign == "^") {
    // The first number that is not zero stays.
    const auto* const first = std::ranges::find_if(least, [](std::uint64_t n) { return n != 0; });
    const auto place = static_cast<std::size_t>(first - least.begin());
    at_least(least);
    below(next_after(std::min(place, parts.size() - 1)));
  } else {
    return no_range(comparator);
  }
  return {};
}

Result<VersionRange> VersionRange::parse(std::string_view text) {
  if (text.size() > kMaxRangeBytes) {
    return no_range(text);
  }
  VersionRange range;
  std::string_view rest = text;
  while (true) {
    const std::size_t end = rest.find("||");
    Bounds bounds;
    bool is_empty = true;
    for (const std::string_view comparator : split(rest.substr(0, end), ' ')) {
      if (!comparator.empty()) {
        SLUICE_TRY_VOID(narrow(comparator, bounds));
        is_empty = false;
      }
    }
    if (is_empty || range.alternatives_.size() == kMaxAlternatives) {
      return no_range(text);
    }
    range.alternatives_.push_back(bounds);
    if (end == std::string_view::npos) {
      return range;
    }
    rest.remove_prefix(end + 2);
  }
}

bool VersionRange::takes(std::string_view tag) const {
  const auto version = version_of(tag);
  return version && std::ranges::any_of(alternatives_, [&](const Bounds& bounds) {
           return *version >= bounds.least && (!bounds.below || *version < *bounds.below);
         });
}

}  // namespace sluice::low
