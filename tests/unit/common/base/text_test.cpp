#include "common/base/text.h"

#include <gtest/gtest.h>

#include "common/base/clock.h"

namespace sluice {
namespace {

// RFC 4648 section 10.
TEST(Base64, MatchesTheTestVectors) {
  EXPECT_EQ(base64_encode(as_bytes("")), "");
  EXPECT_EQ(base64_encode(as_bytes("f")), "Zg==");
  EXPECT_EQ(base64_encode(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64_decode("Zm9vYg=="), Bytes({'f', 'o', 'o', 'b'}));
  EXPECT_EQ(base64_decode(""), Bytes());
}

TEST(Base64, IsStrict) {
  for (const char* bad : {"Zg=", "Zg", "Z g=", "Zg==\n", "====", "=Zg=", "Zm-_"}) {
    EXPECT_FALSE(base64_decode(bad)) << bad;
  }
}

TEST(Hex, RoundTripsAndRefuses) {
  EXPECT_EQ(hex_encode(Bytes{0, 0x7f, 0xff}), "007fff");
  EXPECT_EQ(hex_decode("007FfF"), Bytes({0, 0x7f, 0xff}));
  EXPECT_FALSE(hex_decode("0"));
  EXPECT_FALSE(hex_decode("0g"));
}

TEST(Text, Splits) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
}

TEST(Text, WritesSizesForPeople) {
  EXPECT_EQ(human_size(0), "0 B");
  EXPECT_EQ(human_size(1023), "1023 B");
  EXPECT_EQ(human_size(1536), "1.5 KiB");
  EXPECT_EQ(human_size(UINT64_MAX), "16.0 EiB");
}

TEST(HostPort, IsSplit) {
  EXPECT_EQ(split_host_port("192.0.2.7:7400")->host, "192.0.2.7");
  EXPECT_EQ(split_host_port("[2001:db8::1]:65535")->host, "2001:db8::1");
  EXPECT_EQ(split_host_port("[2001:db8::1]:65535")->port, 65535);
  for (const char* bad :
       {"", ":", "192.0.2.7", ":80", "h:", "h:65536", "h:1x", "h:-1", "2001:db8::1:80", "[]:1"}) {
    EXPECT_FALSE(split_host_port(bad)) << bad;
  }
}

TEST(Clock, FormatsTimes) {
  const UtcTime time = from_unix_micros(1'000'000'000'123'456);
  EXPECT_EQ(format_rfc3339(time), "2001-09-09T01:46:40.123456Z");
  EXPECT_EQ(format_http_date(time), "Sun, 09 Sep 2001 01:46:40 GMT");
  EXPECT_EQ(to_unix_micros(time), 1'000'000'000'123'456);
}

}  // namespace
}  // namespace sluice
