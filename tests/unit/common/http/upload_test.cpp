#include "common/http/upload.h"

#include <atomic>
#include <mutex>
#include <thread>

#include "common/base/text.h"
#include "common/http/router.h"
#include "tests/unit/common/http/server_fixture.h"

namespace sluice::http {
namespace {

using observe::Metric;
using testing::HasSubstr;
using testing::Not;

// What one reception was given.
struct Taken {
  std::mutex mutex;
  std::string bytes;
  std::size_t longest = 0;
  std::atomic<int> open = 0;
  std::atomic<int> finished = 0;
};

class Taker final : public Reception {
 public:
  Taker(Taken& taken, std::size_t limit) : taken_(taken), limit_(limit) { ++taken_.open; }
  ~Taker() override { --taken_.open; }
  std::optional<Response> write(ByteView bytes) override {
    const std::lock_guard lock(taken_.mutex);
    taken_.bytes += as_text(bytes);
    taken_.longest = std::max(taken_.longest, bytes.size());
    if (taken_.bytes.size() > limit_) {
      return error_response(413, "too much for this taker");
    }
    return std::nullopt;
  }
  Response finish() override {
    ++taken_.finished;
    return error_response(201, "took " + std::to_string(taken_.bytes.size()));
  }

 private:
  Taken& taken_;
  std::size_t limit_;
};

// Takes what is put under /in; what comes to /shut needs a token; the rest is the handler's.
class UploadTest : public ServerTest {
 protected:
  void start_taking(Limits limits = {}, std::size_t most = SIZE_MAX) {
    start_echo({.listen = {},
                .receive = [this, most](const Request& head) -> Opening {
                  if (head.path == "/shut" && head.credentials.reveal() != "Bearer t") {
                    return error_response(401, "a token is needed");
                  }
                  if (head.path == "/in" || head.path == "/shut") {
                    return std::make_unique<Taker>(taken_, most);
                  }
                  return {};
                },
                .limits = limits});
  }
  void wait_until_none_is_open() {
    while (taken_.open > 0) {
      std::this_thread::yield();
    }
  }
  static std::string put(std::string_view path, std::string_view body,
                         std::string_view extra = "") {
    return "PUT " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + std::string(extra) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }

  Taken taken_;
};

TEST_F(UploadTest, TakesABodyBeyondTheLimitOfHandlersInPieces) {
  start_taking({.body_bytes = 1000});
  std::string body;
  for (int i = 0; i < 100'000; ++i) {
    body += std::to_string(i) + ",";
  }
  test::RawHttpClient client(address());
  EXPECT_EQ(client.send(put("/in", body)).read_answer().body,
            "took " + std::to_string(body.size()) + "\n");
  EXPECT_EQ(taken_.bytes, body);
  EXPECT_LE(taken_.longest, std::size_t{128} << 10);
  // The connection goes on.
  EXPECT_EQ(client.send(put("/other", "small")).read_answer().body, "PUT /other /other  small\n");
  wait_until_none_is_open();
}

TEST_F(UploadTest, TakesChunksAndNothing) {
  start_taking();
  EXPECT_EQ(status_of("POST /in HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
            201);
  EXPECT_EQ(taken_.bytes, "hello world");
  EXPECT_EQ(status_of(put("/in", "")), 201);
  EXPECT_EQ(taken_.finished, 2);
}

TEST_F(UploadTest, IsNotAskedAboutOtherMethods) {
  start_taking();
  EXPECT_EQ(status_of("GET /shut HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
  EXPECT_EQ(taken_.finished, 0);
}

TEST_F(UploadTest, RefusesBeforeTheBodyIsInvited) {
  start_taking();
  test::RawHttpClient client(address());
  client.send("PUT /shut HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
  const auto refusal = client.read_answer();
  EXPECT_EQ(refusal.status, 401);
  EXPECT_THAT(refusal.head, HasSubstr("Connection: close"));
  test::RawHttpClient allowed(address());
  allowed.send(
      "PUT /shut HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer t\r\n"
      "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(allowed.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(allowed.send("hi").read_answer().status, 201);
}

TEST_F(UploadTest, ARefusalWithoutABodyKeepsTheConnection) {
  start_taking();
  test::RawHttpClient client(address());
  EXPECT_EQ(client.send(put("/shut", "")).read_answer().status, 401);
  EXPECT_EQ(client.send(put("/shut", "", "Authorization: Bearer t\r\n")).read_answer().status, 201);
}

TEST_F(UploadTest, EndsWhereTheTakerHasHadEnough) {
  start_taking({}, 10);
  const std::string said =
      exchange(put("/in", "more than ten bytes") + "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(said, HasSubstr("413"));
  EXPECT_EQ(taken_.finished, 0);
  wait_until_none_is_open();
}

TEST_F(UploadTest, LetsGoWhenTheClientHasGone) {
  start_taking();
  {
    test::RawHttpClient client(address());
    client.send("PUT /in HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf");
    while (taken_.open == 0) {
      std::this_thread::yield();
    }
  }
  wait_until_none_is_open();
  EXPECT_EQ(taken_.finished, 0);
}

TEST_F(UploadTest, CutsOffWhoSendsTooSlowly) {
  start_taking({.body_time = std::chrono::milliseconds(50)});
  test::RawHttpClient client(address());
  client.send("PUT /in HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf");
  EXPECT_EQ(client.read_answer().status, 408);
  wait_until_none_is_open();
}

TEST_F(UploadTest, LimitsHowManyAreUnderWay) {
  start_taking({.uploads = 1});
  test::RawHttpClient first(address());
  first.send("PUT /in HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_THAT(first.read_until("\r\n\r\n"), HasSubstr("100 Continue"));
  EXPECT_EQ(status_of(put("/in", "x")), 503);
  EXPECT_EQ(count(Metric::kHttpRefusedRequests), 1U);
  EXPECT_EQ(first.send("hi").read_answer().status, 201);
}

TEST_F(UploadTest, SurvivesATakerThatThrows) {
  start_echo({.listen = {}, .receive = [](const Request&) -> Opening {
                throw std::runtime_error("a broken receiver");
              }});
  EXPECT_EQ(status_of(put("/in", "")), 500);
  EXPECT_THAT(told(), testing::Contains(HasSubstr("a broken receiver")));
}

TEST_F(UploadTest, CredentialsStandApartFromTheFieldsThatArePrinted) {
  start([](const Request& request) {
    std::string fields;
    for (const auto& [name, value] : request.headers) {
      fields += name + "=" + value + ";";
    }
    return error_response(200, fields + " " + std::to_string(request.credentials.reveal().size()));
  });
  test::RawHttpClient client(address());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer secret\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "Host=h; 13\n");
}

TEST(RouterReceivers, TheLongestPrefixIsAsked) {
  Router router;
  router.mount_receiver("/a", [](const Request&) -> Opening { return error_response(201, "a"); });
  router.mount_receiver("/a/b", [](const Request&) -> Opening { return {}; });
  const auto asked = [&router](const std::string& path) {
    Request request;
    request.raw_path = path;
    return router.receive(request).index();
  };
  EXPECT_EQ(asked("/a/x"), 1U);
  EXPECT_EQ(asked("/a/b/c"), 0U);
  EXPECT_EQ(asked("/b"), 0U);
}

}  // namespace
}  // namespace sluice::http
