// How long to wait before a failed transfer is tried again.
#pragma once

#include <chrono>
#include <optional>
#include <random>
#include <string_view>

#include "common/base/clock.h"

namespace sluice::low {

// Called from the fetcher's thread.
class RetryPolicy {
 public:
  virtual ~RetryPolicy() = default;
  // Before attempt number `attempt` + 1, of which the first is 1. `asked`: the server's
  // Retry-After.
  virtual std::chrono::milliseconds delay(unsigned attempt,
                                          std::optional<std::chrono::seconds> asked) = 0;
};

// Exponential: first, twice that, … up to highest, of which a random half is taken away, so that
// many clients that failed together do not come back together. A server's Retry-After is the least
// that is waited, up to longest_asked: a server must not hold up a poll for a day.
class BackOff final : public RetryPolicy {
 public:
  struct Settings {
    std::chrono::milliseconds first{500};
    std::chrono::milliseconds highest{std::chrono::seconds(60)};
    std::chrono::seconds longest_asked{std::chrono::minutes(5)};
  };
  explicit BackOff(const Settings& settings, std::uint64_t seed = std::random_device{}())
      : settings_(settings), random_(seed) {}

  std::chrono::milliseconds delay(unsigned attempt,
                                  std::optional<std::chrono::seconds> asked) override;

 private:
  Settings settings_;
  std::mt19937_64 random_;
};

// RFC 9110 section 10.2.3: seconds, or an HTTP date, of which the distance from `now` is taken (0
// if it has passed). None if it is neither.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, UtcTime now);

}  // namespace sluice::low
