#include "lowside/upstream/npm/signature.h"

#include <gtest/gtest.h>

#include "common/base/clock.h"

namespace sluice::low {
namespace {

std::string normal(std::string_view text) {
  const auto time = read_rfc3339(text);
  return time ? format_rfc3339(*time) : "";
}

TEST(NpmTimes, ReadWhatRegistriesWrite) {
  EXPECT_EQ(normal("2024-02-29T13:05:59.102Z"), "2024-02-29T13:05:59.102000Z");
  EXPECT_EQ(normal("2026-09-02T13:05:59.102000+00:00"), "2026-09-02T13:05:59.102000Z");
  EXPECT_EQ(normal("2024-01-01T01:00:00+02:00"), "2023-12-31T23:00:00.000000Z");
  EXPECT_EQ(normal("2024-01-01T00:00:00.1234567890Z"), "2024-01-01T00:00:00.123456Z");
}

TEST(NpmTimes, RefuseEverythingElse) {
  const std::string whole = "2024-01-01T00:00:00.5+02:00";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(read_rfc3339(whole.substr(0, length))) << length;
  }
  for (const char* text :
       {"2024-02-30T00:00:00Z", "2024-01-01 00:00:00Z", "never", "2024-01-01T00:00:00",
        "-024-01-01T00:00:00Z", "2024-01-01T00:00:00Zx"}) {
    EXPECT_FALSE(read_rfc3339(text)) << text;
  }
}

TEST(NpmKeysRead, RefusesWhatHoldsNoKeyItKnows) {
  for (const char* body :
       {"", "{}", R"({"keys":{}})", R"({"keys":[]})", R"({"keys":[7]})",
        R"({"keys":[{"keyid":"x","scheme":"rsa","key":"AAAA"}]})",
        R"({"keys":[{"keyid":"x","scheme":"ecdsa-sha2-nistp256","key":"AAAA"}]})",
        R"({"keys":[{"keyid":"x","scheme":"ecdsa-sha2-nistp256","key":"!","expires":"soon"}]})"}) {
    const auto keys = NpmKeys::read("http://localhost/keys", body);
    ASSERT_FALSE(keys) << body;
    EXPECT_EQ(keys.error().thing, "http://localhost/keys");
  }
}

}  // namespace
}  // namespace sluice::low
