// Which shipments to send again, as a text that a person carries from the high side to the low side
// and types: docs/protocol.md, "Resend codes", has it as a grammar.
//
//   SQ7PC-2M9KD-R0V          one code: at most 10 ranges of one stream, at most 80 characters
//
// Ten ranges always fit one code when they lie within 65 536 shipments, below number 1 048 576, and
// within 12 000 wherever they are; the closer together, the shorter. What lies further apart takes
// several codes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/strong.h"

namespace sluice::wire {

// Both ends included; first ≤ last, and first ≥ 1.
struct SequenceRange {
  ShipmentSequence first;
  ShipmentSequence last;
  bool operator==(const SequenceRange&) const = default;
};

inline constexpr std::size_t kMaxRangesPerCode = 10;
// With the dashes between groups. What still fits a line of paper and of a terminal.
inline constexpr std::size_t kMaxCodeCharacters = 80;
// Typing more of them takes longer than sending a few shipments that are not missing.
inline constexpr std::size_t kMaxCodes = 8;
// No sender counts so far (high::Ledger::kMaxSequence).
inline constexpr std::uint64_t kMaxCodedSequence = std::uint64_t{1} << 62;

struct ResendCode {
  std::string text;
  std::vector<SequenceRange> ranges;
};

struct ResendCodes {
  std::vector<ResendCode> codes;  // at most kMaxCodes
  // Shipments that the codes name although nobody asked for them: neighbouring ranges were joined,
  // those with the fewest between them, because there were too many.
  std::uint64_t added = 0;
};

// The ranges may overlap and stand in any order; numbers above kMaxCodedSequence are left out.
ResendCodes resend_codes(std::string_view stream, std::vector<SequenceRange> ranges);

// "3,5-7", the other way in which they are written.
std::string to_text(std::span<const SequenceRange> ranges);

// Whether this is meant to be a code and no list of numbers: it has a letter. Each code begins with
// one.
bool looks_like_code(std::string_view text);

// The ranges of a code of `stream`, ascending and apart. Case, dashes and spaces do not matter; O
// is read as 0, I and L as 1.
//
// kInvalid: a character that no code has, another length, a checksum that does not hold (the group
// that is wrong is named where only one can be). kRefused: it belongs to another stream, or to a
// newer version.
Result<std::vector<SequenceRange>> read_resend_code(std::string_view text, std::string_view stream);

}  // namespace sluice::wire
