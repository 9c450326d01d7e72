#include "common/link/socket/address.h"

#include <gtest/gtest.h>

namespace sluice::link {
namespace {

TEST(Address, ReadsBothFamilies) {
  const Address v4 = Address::parse("192.0.2.7", 7001).value();
  EXPECT_FALSE(v4.ipv6());
  EXPECT_EQ(v4.port(), 7001);
  EXPECT_EQ(v4.to_string(), "192.0.2.7:7001");
  const Address v6 = Address::parse("2001:db8::1", 65535).value();
  EXPECT_TRUE(v6.ipv6());
  EXPECT_EQ(v6.to_string(), "[2001:db8::1]:65535");
}

TEST(Address, KnowsMulticast) {
  EXPECT_TRUE(Address::parse("239.1.2.3", 1).value().multicast());
  EXPECT_FALSE(Address::parse("223.255.255.255", 1).value().multicast());
  EXPECT_TRUE(Address::parse("ff05::1", 1).value().multicast());
  EXPECT_FALSE(Address::parse("fe80::1", 1).value().multicast());
}

TEST(Address, LooksNoNameUp) {
  for (const char* host : {"localhost", "", "192.0.2", "192.0.2.7:1", "[::1]", "1.2.3.4 "}) {
    const auto address = Address::parse(host, 1);
    ASSERT_FALSE(address) << host;
    EXPECT_EQ(address.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(address.error().cure.empty());
  }
}

TEST(Address, NamesAnUnknownInterface) {
  const auto index = interface_index("no-such-if");
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().code, ErrorCode::kNotFound);
  EXPECT_NE(index.error().message().find("no-such-if"), std::string::npos);
}

}  // namespace
}  // namespace sluice::link
