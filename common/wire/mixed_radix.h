// Numbers of different ranges packed into one, without a bit lost between them: the number is kept
// in digits of 5 bits, which are the characters of a resend code.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/base/error.h"

namespace sluice::wire {

class MixedRadix {
 public:
  MixedRadix() = default;
  // The least significant digit first, each below 32.
  explicit MixedRadix(std::vector<std::uint8_t> digits) : digits_(std::move(digits)) { shorten(); }

  // number × radix + value; value < radix ≤ 2^63. What is pushed last is popped first.
  void push(std::uint64_t value, std::uint64_t radix) {
    SLUICE_ASSERT(value < radix);
    Wide carry = value;
    for (std::uint8_t& digit : digits_) {
      carry += Wide{digit} * radix;
      digit = static_cast<std::uint8_t>(carry % kBase);
      carry /= kBase;
    }
    for (; carry != 0; carry /= kBase) {
      digits_.push_back(static_cast<std::uint8_t>(carry % kBase));
    }
  }

  // The remainder of a division by `radix`, of which the quotient stays.
  std::uint64_t pop(std::uint64_t radix) {
    SLUICE_ASSERT(radix != 0);
    Wide rest = 0;
    for (auto digit = digits_.rbegin(); digit != digits_.rend(); ++digit) {
      rest = rest * kBase + *digit;
      *digit = static_cast<std::uint8_t>(rest / radix);
      rest %= radix;
    }
    shorten();
    return static_cast<std::uint64_t>(rest);
  }

  bool zero() const { return digits_.empty(); }
  const std::vector<std::uint8_t>& digits() const { return digits_; }  // the highest is not 0

 private:
  __extension__ using Wide = unsigned __int128;
  static constexpr unsigned kBase = 32;

  void shorten() {
    while (!digits_.empty() && digits_.back() == 0) {
      digits_.pop_back();
    }
  }

  std::vector<std::uint8_t> digits_;
};

}  // namespace sluice::wire
