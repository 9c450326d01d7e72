// Time as an interface, so that tests and the simulation own it.
#pragma once

#include <chrono>
#include <string>

namespace sluice {

using UtcTime = std::chrono::sys_time<std::chrono::microseconds>;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

// Callable from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UtcTime utc_now()
      const = 0;  // may step either way: only for stamps that people and protocols read
  virtual SteadyTime steady_now() const = 0;  // never goes back: for intervals and time-outs
};

class SystemClock final : public Clock {
 public:
  UtcTime utc_now() const override;
  SteadyTime steady_now() const override;
};

std::string format_rfc3339(UtcTime time);  // "2026-01-31T12:00:00.000000Z"
std::string format_http_date(
    UtcTime time);  // RFC 9110 IMF-fixdate, "Sat, 31 Jan 2026 12:00:00 GMT"
std::int64_t to_unix_micros(UtcTime time);
UtcTime from_unix_micros(std::int64_t micros);

}  // namespace sluice
