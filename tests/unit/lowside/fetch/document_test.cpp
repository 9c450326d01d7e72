#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <thread>

#include "tests/unit/lowside/fetch/fetcher_fixture.h"

namespace sluice::low {
namespace {

using observe::Metric;
using test::Answer;

class FetchDocument : public FetcherTest {};

TEST_F(FetchDocument, ReturnsTheAnswerWithItsValidators) {
  server_.answer("/p", {{.body = "hello",
                         .etag = "\"one\"",
                         .last_modified = "Sun, 09 Sep 2001 01:46:40 GMT",
                         .headers = {{"Content-Type", "text/plain"}}}});
  const Document document = this->document("/p").value();
  EXPECT_EQ(document.status, 200U);
  EXPECT_EQ(document.body, "hello");
  EXPECT_EQ(document.etag, "\"one\"");
  EXPECT_EQ(document.last_modified, "Sun, 09 Sep 2001 01:46:40 GMT");
  EXPECT_EQ(document.content_type, "text/plain");
  EXPECT_EQ(server_.requests("/p").at(0).header("user-agent"), "sluice/1.2.3 (ops@example.test)");
  EXPECT_EQ(count(Metric::kFetchedBytes), 5U);
}

TEST_F(FetchDocument, SaysNotModifiedOnlyWhenAsked) {
  server_.answer("/p", {{.body = "hello", .etag = "\"one\""}});
  const Document same =
      fetcher()
          .document({.uri = server_.uri("/p"), .if_none_match = "\"one\""}, stop_.get_token())
          .value();
  EXPECT_EQ(same.status, 304U);
  EXPECT_TRUE(same.body.empty());
  EXPECT_EQ(same.etag, "\"one\"");

  server_.answer("/bad", {{.status = 304}});
  EXPECT_EQ(document("/bad").error().code, ErrorCode::kInvalid);
}

TEST_F(FetchDocument, AsksForTheHeadAlone) {
  server_.answer("/p", {{.body = "hello", .headers = {{"Docker-Content-Digest", "sha256:ab"}}}});
  const Document head =
      fetcher().document({.uri = server_.uri("/p"), .head_only = true}, stop_.get_token()).value();
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.content_digest, "sha256:ab");
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(server_.requests("/p").at(0).method, "HEAD");
  EXPECT_EQ(document("/p").value().body, "hello");  // over the same connection
}

TEST_F(FetchDocument, GivesAChallengeToWhoeverTakesOne) {
  const Answer refusal{.status = 401,
                       .body = "no",
                       .headers = {{"WWW-Authenticate", "Basic realm=\"a\""},
                                   {"WWW-Authenticate", "Bearer realm=\"b\""}}};
  server_.answer("/p", {refusal});
  const Document asked =
      fetcher()
          .document({.uri = server_.uri("/p"), .takes_challenge = true}, stop_.get_token())
          .value();
  EXPECT_EQ(asked.status, 401U);
  EXPECT_EQ(asked.challenge, "Basic realm=\"a\", Bearer realm=\"b\"");
  const Error error = document("/p").error();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_TRUE(is_unauthorized(error));
}

TEST_F(FetchDocument, NoChallengeComesFromWhereARedirectLed) {
  test::HttpServer elsewhere;
  elsewhere.answer("/q", {{.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"a\""}}}});
  server_.answer("/p", {{.status = 307, .headers = {{"Location", elsewhere.uri("/q")}}}});
  const auto answer =
      fetcher().document({.uri = server_.uri("/p"), .takes_challenge = true}, stop_.get_token());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kRefused);
}

TEST_F(FetchDocument, TriesAgainWhatMayPass) {
  server_.answer("/p", {{.status = 503}, {.status = 429}, {.body = "at last"}});
  EXPECT_EQ(document("/p").value().body, "at last");
  EXPECT_EQ(server_.requests("/p").size(), 3U);
  ASSERT_EQ(retries_.size(), 2U);
  EXPECT_EQ(retries_[0].attempt, 1U);
  EXPECT_EQ(retries_[1].attempt, 2U);
  EXPECT_EQ(count(Metric::kFetchRetries), 2U);
  const auto retried = events_.named("fetch.retried");
  ASSERT_EQ(retried.size(), 2U);
  EXPECT_NE(test::field(retried[0], "cause").find("503"), std::string::npos);
}

TEST_F(FetchDocument, GivesUpAfterTheLastAttempt) {
  server_.answer("/p", {{.status = 500}});
  const Error error = document("/p").error();
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.thing, server_.uri("/p"));
  EXPECT_NE(error.cause.find("500"), std::string::npos);
  EXPECT_NE(error.cause.find("3 times"), std::string::npos);
  EXPECT_FALSE(error.cure.empty());
  EXPECT_EQ(server_.requests("/p").size(), 3U);
  EXPECT_EQ(count(Metric::kFetchHttpErrors), 1U);
}

TEST_F(FetchDocument, PassesOnRetryAfterInBothForms) {
  const std::string far = format_http_date(clock_.utc_now() + std::chrono::hours(1));
  server_.answer("/p", {{.status = 429, .headers = {{"Retry-After", "17"}}},
                        {.status = 503, .headers = {{"Retry-After", far}}},
                        {.body = "x"}});
  ASSERT_TRUE(document("/p"));
  ASSERT_EQ(retries_.size(), 2U);
  EXPECT_EQ(retries_[0].asked, std::chrono::seconds(17));
  ASSERT_TRUE(retries_[1].asked);
  EXPECT_GT(*retries_[1].asked, std::chrono::minutes(50));
  EXPECT_LE(*retries_[1].asked, std::chrono::hours(1));
}

TEST_F(FetchDocument, DoesNotRepeatWhatIsForGood) {
  for (const auto& [status, code] : {std::pair{404U, ErrorCode::kNotFound},
                                     {410U, ErrorCode::kNotFound},
                                     {401U, ErrorCode::kRefused},
                                     {403U, ErrorCode::kRefused},
                                     {400U, ErrorCode::kInvalid}}) {
    const std::string path = "/" + std::to_string(status);
    server_.answer(path, {{.status = status, .body = "an error page"}});
    const Error error = document(path).error();
    EXPECT_EQ(error.code, code) << status;
    EXPECT_NE(error.cause.find(std::to_string(status)), std::string::npos);
    EXPECT_EQ(server_.requests(path).size(), 1U);
  }
  EXPECT_EQ(count(Metric::kFetchHttpErrors), 5U);
  EXPECT_EQ(count(Metric::kFetchRetries), 0U);
}

TEST_F(FetchDocument, TriesAgainWhenTheAnswerBreaksOff) {
  server_.answer("/p", {{.body = "hello", .cut_after = 2}, {.body = "hello"}});
  EXPECT_EQ(document("/p").value().body, "hello");
}

TEST_F(FetchDocument, NamesAHostThatCannotBeReached) {
  std::uint16_t free_port = 0;
  {
    const test::HttpServer gone;
    free_port = gone.port();
  }
  const std::string uri = "http://u:secret@127.0.0.1:" + std::to_string(free_port) + "/p";
  const Error error = fetcher().document({.uri = uri}, stop_.get_token()).error();
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.message().find("secret"), std::string::npos);
  EXPECT_NE(error.cure.find("https_proxy"), std::string::npos);
  EXPECT_EQ(count(Metric::kFetchTransportErrors), 1U);
}

TEST_F(FetchDocument, StopsAtTheSizeLimit) {
  server_.answer("/claimed", {{.body = "0123456789"}});
  server_.answer("/endless", {{.body = std::string(5000, 'x'), .endless = true}});
  for (const std::string path : {"/claimed", "/endless"}) {
    const Error error =
        fetcher().document({.uri = server_.uri(path), .size_limit = 9}, stop_.get_token()).error();
    EXPECT_EQ(error.code, ErrorCode::kRefused) << path;
    EXPECT_NE(error.cause.find("9 bytes"), std::string::npos);
  }
  EXPECT_EQ(count(Metric::kFetchTooLarge), 2U);
}

TEST_F(FetchDocument, CutsOffAnEndlessErrorPage) {
  server_.answer("/p", {{.status = 404, .body = std::string(5000, 'x'), .endless = true}});
  EXPECT_EQ(document("/p").error().code, ErrorCode::kNotFound);
}

TEST_F(FetchDocument, EndsWhenTheServerNeverDoes) {
  settings_.document_time = std::chrono::milliseconds(150);
  server_.answer("/p", {{.body = "hello", .cut_after = 2, .hang = true}});
  const Error error = document("/p").error();
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(count(Metric::kFetchTimeouts), 1U);
}

TEST_F(FetchDocument, BreaksOffAStalledTransfer) {
  settings_.attempts = 1;
  settings_.stall_time = std::chrono::seconds(1);  // the shortest that libcurl knows
  server_.answer("/p", {{.body = "hello", .cut_after = 2, .hang = true}});
  EXPECT_EQ(document("/p").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(count(Metric::kFetchTimeouts), 1U);
}

TEST_F(FetchDocument, DoesNotWaitForATlsHandshakeThatNeverEnds) {
  settings_.attempts = 1;
  settings_.connect_time = std::chrono::milliseconds(100);
  boost::asio::io_context context;
  const boost::asio::ip::tcp::acceptor silent(
      context, {boost::asio::ip::address_v4::loopback(), 0});  // its backlog accepts
  const std::string uri = "https://127.0.0.1:" + std::to_string(silent.local_endpoint().port());
  EXPECT_EQ(fetcher().document({.uri = uri}, stop_.get_token()).error().code,
            ErrorCode::kUnavailable);
  EXPECT_EQ(count(Metric::kFetchTimeouts), 1U);
}

TEST_F(FetchDocument, EndsAtOnceWhenStopped) {
  server_.answer("/p", {{.body = "hello", .cut_after = 2, .hang = true}});
  std::jthread stopper([&] {
    server_.wait_for_requests("/p", 1);
    stop_.request_stop();
  });
  EXPECT_EQ(document("/p").error().code, ErrorCode::kCancelled);
  EXPECT_EQ(document("/p").error().code, ErrorCode::kCancelled);
  EXPECT_EQ(server_.requests("/p").size(), 1U);
}

TEST_F(FetchDocument, RefusesWhatIsNotHttp) {
  EXPECT_EQ(fetcher().document({.uri = "file:///etc/passwd"}, stop_.get_token()).error().code,
            ErrorCode::kRefused);
  const DocumentRequest split{.uri = server_.uri("/p"), .headers = {{"X", "a\r\nY: b"}}};
  EXPECT_EQ(fetcher().document(split, stop_.get_token()).error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(server_.all_requests().empty());
}

TEST_F(FetchDocument, AsksForCompressionButNotOfCompressedFiles) {
  server_.answer("/index.json", {{.body = "x"}});
  server_.answer("/Packages.gz", {{.body = "x"}});
  ASSERT_TRUE(document("/index.json"));
  ASSERT_TRUE(document("/Packages.gz?a=b"));
  EXPECT_NE(server_.requests("/index.json").at(0).header("accept-encoding").find("gzip"),
            std::string::npos);
  EXPECT_EQ(server_.requests("/Packages.gz").at(0).header("accept-encoding"), "");
}

TEST_F(FetchDocument, FetchesManyOverFewConnections) {
  settings_.connections_per_host = 3;
  std::vector<DocumentRequest> requests;
  for (int i = 0; i < 200; ++i) {
    const std::string path = "/" + std::to_string(i);
    server_.answer(path, {{.body = "body " + std::to_string(i)}});
    requests.push_back({.uri = server_.uri(path)});
  }
  std::vector<std::string> bodies(requests.size());
  const auto caller = std::this_thread::get_id();
  fetcher().documents(requests, stop_.get_token(), [&](std::size_t index, Result<Document> one) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_TRUE(bodies.at(index).empty());
    bodies.at(index) = one.value().body;
  });
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(bodies[static_cast<std::size_t>(i)], "body " + std::to_string(i));
  }
  EXPECT_LE(server_.connections(), 3U);
}

TEST_F(FetchDocument, ServesManyCallersAtOnce) {
  server_.answer("/p", {{.body = "hello"}});
  fetcher();
  std::vector<std::jthread> callers;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        good += document("/p").value().body == "hello" ? 1 : 0;
      }
    });
  }
  callers.clear();
  EXPECT_EQ(good, 160);
}

}  // namespace
}  // namespace sluice::low
