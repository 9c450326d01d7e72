#include "lowside/fetch/uri.h"

#include <gtest/gtest.h>

namespace sluice::low {
namespace {

TEST(Uri, KeepsCredentialsApart) {
  const Uri uri = parse_uri("https://me:s%40cret@Example.test/a?b=c#d").value();
  EXPECT_EQ(uri.text, "https://Example.test/a?b=c");
  EXPECT_EQ(uri.origin, "https://example.test:443");
  EXPECT_EQ(uri.user, "me");
  EXPECT_EQ(uri.password, "s@cret");
}

TEST(Uri, TellsOriginsApartBySchemeHostAndPort) {
  EXPECT_EQ(parse_uri("http://a.test/x").value().origin, "http://a.test:80");
  EXPECT_EQ(parse_uri("http://a.test:80/y").value().origin, "http://a.test:80");
  EXPECT_NE(parse_uri("https://a.test/").value().origin,
            parse_uri("http://a.test/").value().origin);
  EXPECT_NE(parse_uri("http://a.test:81/").value().origin, "http://a.test:80");
}

TEST(Uri, RefusesOtherSchemesAndNonsense) {
  EXPECT_EQ(parse_uri("file:///etc/passwd").error().code, ErrorCode::kRefused);
  EXPECT_EQ(parse_uri("ftp://a.test/").error().code, ErrorCode::kRefused);
  EXPECT_EQ(parse_uri("not a uri").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(parse_uri("").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(parse_uri(std::string_view("http://a.test/\0b", 16)).error().code, ErrorCode::kInvalid);
}

TEST(Uri, LeavesCredentialsOutOfMessages) {
  EXPECT_EQ(parse_uri("ftp://u:secret@h/").error().message().find("secret"), std::string::npos);
}

}  // namespace
}  // namespace sluice::low
