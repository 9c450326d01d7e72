#include "common/base/clock.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "common/base/calendar.h"

namespace sluice {
namespace {

struct Calendar {
  std::chrono::year_month_day date;
  std::chrono::weekday weekday;
  std::chrono::hh_mm_ss<std::chrono::microseconds> time;
};

Calendar calendar(UtcTime any) {
  const UtcTime time = in_calendar(any);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return {std::chrono::year_month_day(day), std::chrono::weekday(day),
          std::chrono::hh_mm_ss<std::chrono::microseconds>(time - day)};
}

constexpr std::array kWeekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

UtcTime in_calendar(UtcTime time) {
  using std::chrono::January, std::chrono::sys_days, std::chrono::year;
  constexpr UtcTime kFirst = sys_days(year(0) / January / 1);
  constexpr UtcTime kLast = sys_days(year(10'000) / January / 1) - std::chrono::microseconds(1);
  return std::clamp(time, kFirst, kLast);
}

UtcTime SystemClock::utc_now() const {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}
SteadyTime SystemClock::steady_now() const { return std::chrono::steady_clock::now(); }

std::string format_rfc3339(UtcTime time) {
  const Calendar at = calendar(time);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ",
                static_cast<int>(at.date.year()), static_cast<unsigned>(at.date.month()),
                static_cast<unsigned>(at.date.day()), static_cast<int>(at.time.hours().count()),
                static_cast<int>(at.time.minutes().count()),
                static_cast<int>(at.time.seconds().count()),
                static_cast<int>(at.time.subseconds().count()));
  return text.data();
}

std::string format_http_date(UtcTime time) {
  const Calendar at = calendar(time);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                kWeekdays[at.weekday.c_encoding()], static_cast<unsigned>(at.date.day()),
                kMonths[static_cast<unsigned>(at.date.month()) - 1],
                static_cast<int>(at.date.year()), static_cast<int>(at.time.hours().count()),
                static_cast<int>(at.time.minutes().count()),
                static_cast<int>(at.time.seconds().count()));
  return text.data();
}

std::int64_t to_unix_micros(UtcTime time) { return time.time_since_epoch().count(); }
UtcTime from_unix_micros(std::int64_t micros) { return UtcTime(std::chrono::microseconds(micros)); }

}  // namespace sluice
