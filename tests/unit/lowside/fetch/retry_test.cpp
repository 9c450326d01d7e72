#include "lowside/fetch/retry.h"

#include <gtest/gtest.h>

namespace sluice::low {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(BackOff, DoublesUpToTheHighestAndTakesAtMostHalfAway) {
  BackOff back_off({milliseconds(100), milliseconds(1000), seconds(60)}, 1);
  for (int round = 0; round < 50; ++round) {
    milliseconds whole{100};
    for (unsigned attempt = 1; attempt < 10; ++attempt) {
      const milliseconds delay = back_off.delay(attempt, std::nullopt);
      EXPECT_LE(delay, whole);
      EXPECT_GE(delay, whole / 2);
      whole = std::min(whole * 2, milliseconds(1000));
    }
  }
}

TEST(BackOff, DiffersFromClientToClient) {
  BackOff one({milliseconds(10000), milliseconds(10000), seconds(60)}, 1);
  BackOff two({milliseconds(10000), milliseconds(10000), seconds(60)}, 2);
  EXPECT_NE(one.delay(1, std::nullopt), two.delay(1, std::nullopt));
}

TEST(BackOff, WaitsAsLongAsTheServerAsksButNotForEver) {
  BackOff back_off({milliseconds(100), milliseconds(1000), seconds(60)}, 1);
  EXPECT_GE(back_off.delay(1, seconds(30)), seconds(30));
  EXPECT_LE(back_off.delay(1, seconds(30)), seconds(31));
  EXPECT_GE(back_off.delay(1, seconds(86400)), seconds(60));
  EXPECT_LE(back_off.delay(1, seconds(86400)), seconds(61));
}

TEST(RetryAfter, IsSecondsOrADate) {
  const UtcTime now = from_unix_micros(1'000'000'000'000'000);  // Sun, 09 Sep 2001 01:46:40 GMT
  EXPECT_EQ(parse_retry_after("120", now), seconds(120));
  EXPECT_EQ(parse_retry_after(" 0 ", now), seconds(0));
  EXPECT_EQ(parse_retry_after("Sun, 09 Sep 2001 01:47:10 GMT", now), seconds(30));
  EXPECT_EQ(parse_retry_after("Sun, 09 Sep 2001 01:40:00 GMT", now), seconds(0));
  EXPECT_EQ(parse_retry_after("", now), std::nullopt);
  EXPECT_EQ(parse_retry_after("soon", now), std::nullopt);
  EXPECT_EQ(parse_retry_after("-5", now), std::nullopt);
  EXPECT_EQ(parse_retry_after("99999999999999999999", now), std::nullopt);
}

}  // namespace
}  // namespace sluice::low
