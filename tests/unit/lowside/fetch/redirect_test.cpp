#include "tests/unit/lowside/fetch/fetcher_fixture.h"

namespace sluice::low {
namespace {

class FetchRedirect : public FetcherTest {
 protected:
  static test::Answer to(const std::string& location, unsigned status = 302) {
    return {.status = status, .body = "moved", .headers = {{"Location", location}}};
  }
};

TEST_F(FetchRedirect, FollowsEveryKindOfRedirect) {
  server_.answer("/target", {{.body = "here"}});
  for (const unsigned status : {301U, 302U, 303U, 307U, 308U}) {
    server_.answer("/from", {to("/target", status)});
    EXPECT_EQ(document("/from").value().body, "here") << status;
  }
  EXPECT_TRUE(retries_.empty());
}

TEST_F(FetchRedirect, KeepsCredentialsToTheirOrigin) {
  test::HttpServer other;
  other.answer("/away", {{.body = "away"}});
  server_.answer("/home", {{.body = "home"}});
  server_.answer("/to-home", {to("/home")});
  server_.answer("/to-away", {to(other.uri("/away"))});
  for (const std::string path : {"/to-home", "/to-away"}) {
    std::string uri = server_.uri(path);
    uri.insert(uri.find("//") + 2, "me:secret@");
    ASSERT_TRUE(fetcher().document(
        {.uri = uri, .headers = {{"X-Token", "t"}, {"Accept", "text/x"}}}, stop_.get_token()));
  }
  const auto home = server_.requests("/home").at(0);
  EXPECT_EQ(home.header("authorization"), "Basic bWU6c2VjcmV0");
  EXPECT_EQ(home.header("x-token"), "t");
  const auto away = other.requests("/away").at(0);
  EXPECT_EQ(away.header("authorization"), "");
  EXPECT_EQ(away.header("x-token"), "");
  EXPECT_EQ(away.header("accept"), "text/x");
}

TEST_F(FetchRedirect, DoesNotGoRoundForEver) {
  settings_.redirects = 4;
  server_.answer("/loop", {to("/loop")});
  const Error error = document("/loop").error();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_NE(error.cause.find("4 times"), std::string::npos);
  EXPECT_EQ(server_.requests("/loop").size(), 5U);
}

TEST_F(FetchRedirect, LeavesHttpForNothingElse) {
  server_.answer("/file", {to("file:///etc/passwd")});
  server_.answer("/ftp", {to("ftp://127.0.0.1/x")});
  server_.answer("/nowhere", {{.status = 302}});
  for (const std::string path : {"/file", "/ftp"}) {
    EXPECT_EQ(document(path).error().code, ErrorCode::kRefused) << path;
  }
  EXPECT_EQ(document("/nowhere").error().code, ErrorCode::kInvalid);
}

TEST_F(FetchRedirect, StartsFromTheFirstAddressWhenItTriesAgain) {
  server_.answer("/from", {to("/old"), to("/new")});
  server_.answer("/old", {{.status = 503}});
  server_.answer("/new", {{.body = "new"}});
  EXPECT_EQ(document("/from").value().body, "new");
}

TEST_F(FetchRedirect, NamesWhereItEnded) {
  server_.answer("/from", {to("/gone")});
  const Error error = document("/from").error();
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.thing, server_.uri("/from"));
  EXPECT_NE(error.cause.find("/gone"), std::string::npos);
}

}  // namespace
}  // namespace sluice::low
