#include "common/service/endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "common/http/server.h"
#include "common/service/client.h"
#include "tests/support/raw_http_client.h"

namespace sluice::service {
namespace {

using test::RawHttpClient;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

class EndpointsTest : public testing::Test {
 protected:
  void SetUp() override {
    mount_endpoints(router_, {.program = "sluice-test",
                              .status = [] { return R"({"a":1})"; },
                              .trouble = [this] { return trouble_; },
                              .log = log_,
                              .counters = counters_});
    start("127.0.0.1:0");
  }
  void TearDown() override { log_.close(); }

  void start(const std::string& address) {
    auto server = http::Server::start(
        {.listen = {address}},
        [this](const http::Request& request) { return router_.handle(request); }, counters_, log_);
    ASSERT_TRUE(server) << server.error().message();
    server_ = std::move(*server);
    address_ = server_->addresses()[0];
  }
  RawHttpClient::Answer get(const std::string& path, const std::string& method = "GET") {
    RawHttpClient client(address_);
    client.send(method + " " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
    return client.read_answer(method == "HEAD");
  }
  // The first `count` events' data of a stream.
  std::vector<std::string> events(int count, const std::string& query = "",
                                  const std::string& header = "") {
    RawHttpClient client(address_);
    client.send("GET /events" + query + " HTTP/1.1\r\nHost: h\r\n" + header + "\r\n");
    client.read_until("\r\n\r\n");
    std::vector<std::string> found;
    for (int i = 0; i < count; ++i) {
      client.read_until("\"event\":\"");
      found.push_back(client.read_until("\""));
      found.back().pop_back();
    }
    return found;
  }

  SystemClock clock_;
  observe::Counters counters_;
  observe::EventLog log_{clock_, nullptr};
  std::optional<std::string> trouble_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
  std::string address_;
};

TEST_F(EndpointsTest, AnswersStatusMetricsAndHealth) {
  EXPECT_EQ(get("/status").body, R"({"a":1})");
  EXPECT_THAT(get("/status").head, HasSubstr("Cache-Control: no-store"));
  EXPECT_THAT(get("/metrics").body, HasSubstr("\nsluice_http_requests_total 2\n"));
  EXPECT_EQ(get("/healthz").status, 200);
  trouble_ = "the disk is full";
  const auto ill = get("/healthz");
  EXPECT_EQ(ill.status, 503);
  EXPECT_EQ(ill.body, "the disk is full\n");
}

TEST_F(EndpointsTest, AnswersNothingElse) {
  EXPECT_EQ(get("/statusx").status, 404);
  EXPECT_EQ(get("/status/x").status, 404);
  EXPECT_EQ(get("/x").status, 404);
  EXPECT_EQ(get("/status", "POST").status, 405);
  EXPECT_EQ(get("/", "HEAD").status, 200);
}

TEST_F(EndpointsTest, ThePageNeedsNothingFromElsewhere) {
  const auto page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.head, HasSubstr("Content-Security-Policy: default-src 'none'"));
  EXPECT_THAT(page.body, HasSubstr("<title>sluice-test</title>"));
  EXPECT_THAT(page.body, testing::Not(HasSubstr("PROGRAM")));
  for (const char* outside : {"http:", "https:", "//cdn", "src=", "@import", "innerHTML"}) {
    EXPECT_THAT(page.body, testing::Not(HasSubstr(outside)));
  }
}

TEST_F(EndpointsTest, StreamsEvents) {
  log_.emit(observe::Level::kInfo, "a.one", {{"k", "v"}});
  log_.emit(observe::Level::kInfo, "a.two", {});
  RawHttpClient client(address_);
  client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Content-Type: text/event-stream\r\n"));
  const std::string run = std::to_string(log_.run());
  EXPECT_THAT(client.read_until("\n\n"), HasSubstr("id: " + run + "-1\ndata: {\"id\":1,"));
  EXPECT_THAT(client.read_until("\n\n"), HasSubstr("a.two"));
  log_.emit(observe::Level::kInfo, "a.three", {});
  EXPECT_THAT(client.read_until("\n\n"), HasSubstr("a.three"));
  log_.close();
  EXPECT_THAT(client.read_until("0\r\n\r\n"), EndsWith("0\r\n\r\n"));
}

TEST_F(EndpointsTest, ResumesWhereAClientStopped) {
  for (const char* name : {"a.1", "a.2", "a.3"}) {
    log_.emit(observe::Level::kInfo, name, {});
  }
  const std::string run = std::to_string(log_.run());
  EXPECT_THAT(events(1, "", "Last-Event-ID: " + run + "-2\r\n"), ElementsAre("a.3"));
  EXPECT_THAT(events(3, "", "Last-Event-ID: 1-2\r\n"), ElementsAre("a.1", "a.2", "a.3"));
  EXPECT_THAT(events(3, "", "Last-Event-ID: rubbish\r\n"), ElementsAre("a.1", "a.2", "a.3"));
  EXPECT_THAT(events(2, "?last=2"), ElementsAre("a.2", "a.3"));
  EXPECT_THAT(events(3, "?last=99999"), ElementsAre("a.1", "a.2", "a.3"));
}

TEST_F(EndpointsTest, TheClientFetches) {
  EXPECT_EQ(fetch(address_, "/status").value(), R"({"a":1})");
  const auto missing = fetch(address_, "/gone");
  EXPECT_EQ(missing.error().code, ErrorCode::kRefused);
  EXPECT_THAT(missing.error().message(), HasSubstr("/gone answers 404: /gone"));
  server_->stop(0ms);
  const auto nobody = fetch(address_, "/status");
  EXPECT_EQ(nobody.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(nobody.error().message(), HasSubstr("is the daemon running"));
  EXPECT_FALSE(fetch("nonsense", "/"));
  EXPECT_FALSE(follow_events(address_, [](std::string_view) { return true; }));
}

TEST_F(EndpointsTest, TheClientFollowsEventsOverARestart) {
  log_.emit(observe::Level::kNotice, "a.one", {{"k", "v w"}});
  std::vector<std::string> lines;
  const auto each = [&](std::string_view line) {
    lines.emplace_back(line);
    if (lines.size() == 1) {
      server_->stop(0ms);
      start(address_);
      log_.emit(observe::Level::kInfo, "a.two", {});
    }
    return lines.size() < 2;
  };
  ASSERT_TRUE(follow_events(address_, each));
  EXPECT_THAT(lines, ElementsAre(EndsWith("Z notice a.one k=\"v w\""), EndsWith("Z info a.two")));
}

}  // namespace
}  // namespace sluice::service
