#include "lowside/upstream/oci/challenge.h"

#include <gtest/gtest.h>

#include "lowside/upstream/oci/answers.h"
#include "lowside/upstream/oci/cursor.h"

namespace sluice::low {
namespace {

TEST(OciChallenges, AreRead) {
  const auto bearer = read_challenge(
      R"(Bearer realm="https://auth.example.org/token",service="registry.example.org",scope="repository:a/b:pull,push")");
  ASSERT_TRUE(bearer);
  EXPECT_FALSE(bearer->basic);
  EXPECT_EQ(bearer->realm, "https://auth.example.org/token");
  EXPECT_EQ(bearer->service, "registry.example.org");
  EXPECT_EQ(bearer->scope, "repository:a/b:pull,push");
  EXPECT_TRUE(read_challenge(R"(Basic realm="a, b")")->basic);
  const auto both = read_challenge(R"(basic realm="a", BEARER Realm = "http://h/\"t\"" , error=x)");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->realm, "http://h/\"t\"");
  EXPECT_EQ(both->scope, "");
}

TEST(OciChallenges, ThatCannotBeReadAreNone) {
  for (const std::string& header :
       {std::string(""), std::string("Bearer"), std::string("Negotiate"),
        std::string(R"(Bearer realm="x)"), std::string(R"(Bearer service="x")"),
        "Bearer realm=\"" + std::string(2000, 'a') + "\"", std::string("Bearer realm=\"a\x01\""),
        std::string("====\"\",,,")}) {
    EXPECT_FALSE(read_challenge(header)) << header;
  }
}

TEST(OciChallenges, SayWhereTokensAre) {
  OciChallenge challenge;
  challenge.realm = "https://auth.example.org/token?a=b";
  challenge.service = "the registry";
  const std::string registry = "https://registry.example.org";
  EXPECT_EQ(token_uri(registry, challenge, "repository:a/b:pull", "u&v").value(),
            "https://auth.example.org/"
            "token?a=b&service=the%20registry&scope=repository:a/b:pull&account=u%26v");
  challenge.realm = "http://auth.example.org/token";
  EXPECT_EQ(token_uri(registry, challenge, "s", "").error().code, ErrorCode::kRefused);
  EXPECT_TRUE(token_uri("http://registry.example.org", challenge, "s", ""));
  for (const char* realm : {"", "token", "file:///etc/passwd", "https://a:b@auth.example.org/"}) {
    challenge.realm = realm;
    EXPECT_FALSE(token_uri(registry, challenge, "s", "")) << realm;
  }
}

TEST(OciTokens, AreRead) {
  EXPECT_EQ(read_token("t", R"({"token":"abc"})").value().text, "abc");
  EXPECT_EQ(read_token("t", R"({"token":"abc"})").value().life, std::chrono::seconds(60));
  EXPECT_EQ(read_token("t", R"({"token":"","access_token":"x","expires_in":300})").value().life,
            std::chrono::seconds(300));
  for (const std::string& body :
       {std::string(""), std::string("[]"), std::string("{}"), std::string(R"({"token":1})"),
        std::string(R"({"token":"a b"})"), std::string(R"({"token":"a\nb"})"),
        R"({"token":")" + std::string(40'000, 'a') + R"("})"}) {
    EXPECT_FALSE(read_token("t", body)) << body.substr(0, 40);
  }
}

TEST(OciTags, AreReadPageByPage) {
  std::vector<std::string> tags;
  std::size_t garbage = 0;
  ASSERT_TRUE(read_tags_page("t", R"({"name":"a","tags":["1","a b",2,"latest"]})", tags, garbage));
  ASSERT_TRUE(read_tags_page("t", R"({"name":"a","tags":null})", tags, garbage));
  EXPECT_EQ(tags, (std::vector<std::string>{"1", "latest"}));
  EXPECT_EQ(garbage, 2U);
  for (const char* body : {"", "[]", "{}", R"({"tags":{}})", R"({"tags":"a"})"}) {
    EXPECT_FALSE(read_tags_page("t", body, tags, garbage)) << body;
  }
}

TEST(OciTags, GoOnAtTheSameHostOnly) {
  const std::string uri = "https://registry.example.org/v2/a/tags/list?n=2";
  EXPECT_EQ(next_oci_page(uri, "").value(), "");
  EXPECT_EQ(next_oci_page(uri, R"(</v2/a/tags/list?last=b&n=2>; rel="next")").value(),
            "https://registry.example.org/v2/a/tags/list?last=b&n=2");
  EXPECT_FALSE(next_oci_page(uri, R"(<https://other.example.org/x>; rel="next")"));
  EXPECT_FALSE(next_oci_page(uri, R"(<http://registry.example.org/x>; rel="next")"));
  EXPECT_FALSE(next_oci_page(uri, R"(<//other.example.org/x>; rel="next")"));
}

TEST(OciCursors, AreReadAsTheyWereWritten) {
  OciCursor cursor;
  OciTracked& tracked = cursor.repositories["docker.io/library/nginx"];
  tracked.record = "r";
  tracked.pinned.insert(Sha256Digest::from_hex(std::string(64, 'a')).value());
  tracked.untagged.emplace(Sha256Digest::from_hex(std::string(64, 'b')).value(), 42);
  const OciCursor again = OciCursor::read(cursor.write()).value();
  EXPECT_EQ(again.write(), cursor.write());
  EXPECT_EQ(again.repositories.at("docker.io/library/nginx").untagged.begin()->second, 42);
  EXPECT_TRUE(OciCursor::read("").value().repositories.empty());
  for (const char* text :
       {"{", "[]", "{}", R"({"format":2,"repositories":{}})",
        R"({"format":1,"repositories":{"a":{"record":"","pinned":["x"],"untagged":{}}}})"}) {
    EXPECT_FALSE(OciCursor::read(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::low
