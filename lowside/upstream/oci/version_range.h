// Ranges of versions over tags: "^1.4", "~1.27", ">=1.2 <2", "1.x" is written "~1", "<1.3 || >=2".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace sluice::low {

class VersionRange {
 public:
  // Comparators (>, >=, <, <=, =, ^, ~) with one to three numbers, all of which must hold;
  // alternatives between "||". As npm reads them. kInvalid: it is none.
  static Result<VersionRange> parse(std::string_view text);

  // A tag is a version if it is three numbers between dots, with "v" before them or not. All others
  // are taken by no range: what "1.27" or "1.27.0-alpine" leads to is told by patterns.
  bool takes(std::string_view tag) const;

 private:
  using Version = std::array<std::uint64_t, 3>;
  struct Bounds {  // from `least` on, below `below`
    Version least{};
    std::optional<Version> below;
  };

  static std::optional<Version> version_of(std::string_view tag);
  static Result<void> narrow(std::string_view comparator, Bounds& bounds);

  std::vector<Bounds> alternatives_;  // at most kMaxAlternatives
};

}  // namespace sluice::low
