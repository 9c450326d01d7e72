#include "common/base/clock.h"

#include <gtest/gtest.h>

#include "common/base/calendar.h"

namespace sluice {
namespace {

TEST(Clock, WritesTimes) {
  const UtcTime time = from_unix_micros(1'769'860'800'000'001);
  EXPECT_EQ(format_rfc3339(time), "2026-01-31T12:00:00.000001Z");
  EXPECT_EQ(format_http_date(time), "Sat, 31 Jan 2026 12:00:00 GMT");
  EXPECT_EQ(format_rfc3339(from_unix_micros(-1)), "1969-12-31T23:59:59.999999Z");
}

TEST(Clock, ShowsAnyNumberAsTheNearestTimeThatThereIs) {
  EXPECT_EQ(format_rfc3339(from_unix_micros(INT64_MIN)), "0000-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_rfc3339(from_unix_micros(INT64_MAX)), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_http_date(from_unix_micros(INT64_MAX)), "Fri, 31 Dec 9999 23:59:59 GMT");
  const UtcTime now = from_unix_micros(1'769'860'800'000'001);
  EXPECT_EQ(in_calendar(now), now);
  EXPECT_EQ(to_unix_micros(from_unix_micros(INT64_MIN)), INT64_MIN) << "what crossed stays";
}

}  // namespace
}  // namespace sluice
