#include "common/http/message.h"

#include <gtest/gtest.h>

#include "common/http/http_date.h"
#include "common/http/router.h"

namespace sluice::http {
namespace {

TEST(Headers, CompareWithoutCase) {
  Request request;
  request.headers.emplace("If-None-Match", "\"a\"");
  EXPECT_EQ(request.header("if-none-match"), "\"a\"");
  EXPECT_EQ(request.header("if-none-matc"), std::nullopt);
}

TEST(Request, GivesItsBaseUrl) {
  Request request;
  EXPECT_EQ(request.base_url(), "");
  request.headers.emplace("Host", "mirror.lab:8080");
  EXPECT_EQ(request.base_url(), "http://mirror.lab:8080");
  request.secure = true;
  EXPECT_EQ(request.base_url(), "https://mirror.lab:8080");
  request.headers.clear();
  request.headers.emplace("Host", "a\"><script>");
  EXPECT_EQ(request.base_url(), "");
}

Request get(std::string path) {
  Request request;
  request.method = "GET";
  request.path = path;
  request.raw_path = std::move(path);
  return request;
}

TEST(Router, LongestPrefixWins) {
  Router router;
  for (const char* prefix : {"/npm", "/npm/-", "/apt"}) {
    router.mount(prefix, [prefix](const Request&) { return error_response(200, prefix); });
  }
  const auto answer = [&](const char* path) {
    const Response response = router.handle(get(path));
    return response.status == 404 ? "none" : std::get<std::string>(response.body);
  };
  EXPECT_EQ(answer("/npm"), "/npm\n");
  EXPECT_EQ(answer("/npm/"), "/npm\n");
  EXPECT_EQ(answer("/npm/a/b"), "/npm\n");
  EXPECT_EQ(answer("/npm/-/v1"), "/npm/-\n");
  EXPECT_EQ(answer("/npm/-x"), "/npm\n");
  EXPECT_EQ(answer("/npmx"), "none");
  EXPECT_EQ(answer("/npm%2fx"), "none");
  EXPECT_EQ(answer("/"), "none");
  EXPECT_EQ(answer(""), "none");
  router.mount("/", [](const Request&) { return error_response(200, "/"); });
  EXPECT_EQ(answer("/x"), "/\n");
  EXPECT_EQ(answer("/npm/x"), "/npm\n");
}

TEST(Router, NamesWhatIsNotThere) {
  const Response response = Router().handle(get("/gone"));
  EXPECT_EQ(response.status, 404U);
  EXPECT_NE(std::get<std::string>(response.body).find("/gone"), std::string::npos);
}

// The examples of RFC 9110 section 5.6.7.
TEST(HttpDate, ReadsAllThreeFormats) {
  const UtcTime time(std::chrono::seconds(784111777));
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), time);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), time);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), time);
  for (const char* bad : {"", "0", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994",
                          "Sun, 06 Nov 1994 08:49:37 GMT+1", "Sun, 36 Nov 1994 08:49:37 GMT"}) {
    EXPECT_EQ(parse_http_date(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace sluice::http
