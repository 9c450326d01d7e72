// Which shipments to send again, as an operator writes it: "3,5-7".
#pragma once

#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/strong.h"

namespace sluice::low {

// Both ends included; first ≤ last, and first ≥ 1.
struct SequenceRange {
  ShipmentSequence first;
  ShipmentSequence last;
  bool operator==(const SequenceRange&) const = default;
};

// More than anybody types; a code that is carried by hand is far shorter.
inline constexpr std::size_t kMaxRanges = 1000;

// Spaces around numbers are fine. kInvalid or kRefused names the part that is wrong.
Result<std::vector<SequenceRange>> parse_ranges(std::string_view text);

}  // namespace sluice::low
