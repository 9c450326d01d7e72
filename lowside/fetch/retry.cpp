#include "lowside/fetch/retry.h"

#include <curl/curl.h>

#include <charconv>

#include "common/base/text.h"

namespace sluice::low {

std::chrono::milliseconds BackOff::delay(unsigned attempt,
                                         std::optional<std::chrono::seconds> asked) {
  using std::chrono::milliseconds;
  milliseconds whole = settings_.first;
  for (unsigned i = 1; i < attempt && whole < settings_.highest; ++i) {
    whole *= 2;
  }
  whole = std::min(whole, settings_.highest);
  std::uniform_int_distribution<milliseconds::rep> half(0, whole.count() / 2);
  milliseconds wait = whole - milliseconds(half(random_));
  if (asked) {
    // The jitter is added: never sooner than asked for.
    wait = std::min<milliseconds>(*asked, settings_.longest_asked) + milliseconds(half(random_));
  }
  return wait;
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, UtcTime now) {
  value = trim(value);
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error == std::errc() && end == value.data() + value.size()) {
    return std::chrono::seconds(seconds);
  }
  const std::time_t date = curl_getdate(std::string(value).c_str(), nullptr);
  if (date < 0) {
    return std::nullopt;
  }
  const auto at = std::chrono::system_clock::from_time_t(date);
  return std::max(std::chrono::ceil<std::chrono::seconds>(at - now), std::chrono::seconds(0));
}

}  // namespace sluice::low
