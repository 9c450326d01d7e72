// Bodies, limits, several listeners, TLS, stopping.
#include "common/http/server.h"

#include <fcntl.h>
#include <poll.h>

#include <atomic>
#include <condition_variable>
#include <latch>
#include <thread>

#include "server_fixture.h"

namespace sluice::http {
namespace {

using observe::Metric;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

char byte_at(std::uint64_t offset) { return static_cast<char>('a' + offset % 23); }

class PatternSource final : public BodySource {
 public:
  explicit PatternSource(std::uint64_t size, std::uint64_t broken_at = UINT64_MAX)
      : size_(size), broken_at_(broken_at) {}
  std::uint64_t size() const override { return size_; }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    largest_read_ = std::max<std::size_t>(largest_read_, into.size());
    if (offset + into.size() > broken_at_) {
      return Error{ErrorCode::kIo, "blob", "disk is broken", ""};
    }
    for (std::uint8_t& byte : into) {
      byte = static_cast<std::uint8_t>(byte_at(offset++));
    }
    return {};
  }
  std::size_t largest_read() const { return largest_read_; }

 private:
  std::uint64_t size_;
  std::uint64_t broken_at_;
  mutable std::atomic<std::size_t> largest_read_ = 0;
};

std::string pattern(std::uint64_t offset, std::uint64_t length) {
  std::string text;
  for (std::uint64_t i = 0; i < length; ++i) {
    text.push_back(byte_at(offset + i));
  }
  return text;
}

class FileSource final : public BodySource {
 public:
  explicit FileSource(const std::string& bytes) : size_(bytes.size()) {
    std::string name = testing::TempDir() + "/sluice-file-XXXXXX";
    descriptor_ = ::mkstemp(name.data());
    ::unlink(name.c_str());
    EXPECT_EQ(::write(descriptor_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override { ::close(descriptor_); }
  void truncate() const { ASSERT_EQ(::ftruncate(descriptor_, 10), 0); }
  std::uint64_t size() const override { return size_; }
  Result<void> read_at(std::uint64_t, MutableByteView) const override {
    return Error{ErrorCode::kIo, "file", "must be sent, not read", ""};
  }
  int descriptor() const override { return descriptor_; }

 private:
  std::uint64_t size_;
  int descriptor_ = -1;
};

TEST_F(ServerTest, StreamsSourcesInBoundedMemory) {
  const auto source = std::make_shared<PatternSource>(5'000'000);
  start(
      [source](const Request&) { return Response{.body = SourceRange{source, 1000, 4'000'000}}; });
  test::RawHttpClient client(address());
  EXPECT_EQ(client.send(kGet).read_answer().body, pattern(1000, 4'000'000));
  EXPECT_EQ(client.send(kGet).read_answer().body.size(), 4'000'000U);
  EXPECT_LE(source->largest_read(), 128U << 10);
  while (count(Metric::kHttpBytes) < 8'000'000) {  // counted after it was sent
    std::this_thread::yield();
  }
}

TEST_F(ServerTest, SendsFilesFromTheirDescriptor) {
  const auto file = std::make_shared<FileSource>(pattern(0, 3'000'000));
  start([file](const Request&) { return Response{.body = SourceRange{file, 77, 2'900'000}}; });
  test::RawHttpClient client(address());
  EXPECT_EQ(client.send(kGet).read_answer().body, pattern(77, 2'900'000));
  EXPECT_EQ(client.send(kGet).read_answer().body.size(), 2'900'000U);
}

TEST_F(ServerTest, NeverEndsABrokenBodyAsIfItWereWhole) {
  const auto source = std::make_shared<PatternSource>(1'000'000, 500'000);
  const auto file = std::make_shared<FileSource>(pattern(0, 1'000'000));
  file->truncate();
  start([source, file](const Request& request) {
    const std::shared_ptr<const BodySource> body = file;
    return Response{.body = SourceRange{request.path == "/" ? source : body, 0, 1'000'000}};
  });
  EXPECT_LT(test::RawHttpClient(address()).send(kGet).read_answer().body.size(), 1'000'000U);
  EXPECT_LT(test::RawHttpClient(address())
                .send("GET /f HTTP/1.1\r\nHost: h\r\n\r\n")
                .read_answer()
                .body.size(),
            1'000'000U);
  EXPECT_THAT(told(),
              ElementsAre("http.body_failed cause=\"blob: disk is broken\"",
                          "http.body_failed cause=\"a file ends before what its index says\""));
}

TEST_F(ServerTest, GivesUpOnClientsThatDoNotRead) {
  const auto source = std::make_shared<PatternSource>(1'000'000'000);
  const auto file = std::make_shared<FileSource>(pattern(0, 50'000'000));
  start(
      [source, file](const Request& request) {
        const std::shared_ptr<const BodySource> body = file;
        const auto& chosen = request.path == "/" ? source : body;
        return Response{.body = SourceRange{chosen, 0, chosen->size()}};
      },
      {.listen = {}, .limits = {.send_time = 100ms}});
  test::RawHttpClient slow(address());
  test::RawHttpClient slow_file(address());
  slow.send(kGet);
  slow_file.send("GET /f HTTP/1.1\r\nHost: h\r\n\r\n");
  while (count(Metric::kHttpRequests) < 2 || count(Metric::kHttpConnections) > 0) {
    std::this_thread::yield();
  }
  EXPECT_LT(slow.read_all().size(), 1'000'000'000U);
  EXPECT_LT(slow_file.read_all().size(), 50'000'000U);
}

// Counts up to three, then waits until it is told to end.
class CountingStream final : public BodyStream {
 public:
  explicit CountingStream(std::atomic<bool>& end, std::atomic<int>& open) : end_(end), open_(open) {
    ++open_;
  }
  ~CountingStream() override { --open_; }
  std::optional<std::string> next() override {
    if (number_ < 3) {
      return "event " + std::to_string(++number_) + "\n";
    }
    return end_.load() ? std::nullopt : std::optional<std::string>("");
  }

 private:
  std::atomic<bool>& end_;
  std::atomic<int>& open_;
  int number_ = 0;
};

class StreamTest : public ServerTest {
 protected:
  void start_stream(ServerOptions options = {}) {
    start(
        [this](const Request&) {
          return Response{.body = std::make_shared<CountingStream>(end_, open_)};
        },
        std::move(options));
  }
  std::atomic<bool> end_ = false;
  std::atomic<int> open_ = 0;
};

TEST_F(StreamTest, SendsChunksAsTheyCome) {
  start_stream();
  test::RawHttpClient client(address());
  client.send(kGet);
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked"));
  EXPECT_EQ(client.read_exactly(3 * 13), "8\r\nevent 1\n\r\n8\r\nevent 2\n\r\n8\r\nevent 3\n\r\n");
  end_ = true;
  EXPECT_EQ(client.read_exactly(5), "0\r\n\r\n");
  EXPECT_THAT(client.send(kGet).read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(StreamTest, SendsOldClientsABodyUntilTheEnd) {
  start_stream();
  end_ = true;
  EXPECT_THAT(exchange("GET / HTTP/1.0\r\n\r\n"),
              testing::EndsWith("\r\n\r\nevent 1\nevent 2\nevent 3\n"));
}

TEST_F(StreamTest, NoticesThatAClientHasGone) {
  start_stream();
  {
    test::RawHttpClient client(address());
    client.send(kGet).read_until("event 3");
    EXPECT_EQ(open_, 1);
  }
  while (open_ > 0) {
    std::this_thread::yield();
  }
}

TEST_F(StreamTest, LimitsHowManyAreOpen) {
  start_stream({.listen = {}, .limits = {.event_streams = 1}});
  test::RawHttpClient first(address());
  first.send(kGet).read_until("event 3");
  EXPECT_EQ(status_of(kGet), 503);
  EXPECT_EQ(count(Metric::kHttpRefusedRequests), 1U);
}

TEST_F(StreamTest, EndsWhenTheServerStops) {
  start_stream();
  test::RawHttpClient client(address());
  client.send(kGet).read_until("event 3\n\r\n");
  server_->stop(1h);
  EXPECT_EQ(client.read_all(), "0\r\n\r\n");
}

// Handlers that wait until they are let go.
class Gate {
 public:
  Response enter() {
    std::unique_lock lock(mutex_);
    ++entered_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    return error_response(200, "through");
  }
  void wait_for(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, count] { return entered_ >= count; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int entered_ = 0;
  bool open_ = false;
};

TEST_F(ServerTest, TurnsRequestsAwayWhenTooManyWait) {
  Gate gate;
  start([&gate](const Request&) { return gate.enter(); },
        {.listen = {}, .workers = 2, .limits = {.waiting_requests = 2}});
  test::RawHttpClient one(address());
  test::RawHttpClient two(address());
  one.send(kGet);
  two.send(kGet);
  gate.wait_for(2);
  test::RawHttpClient three(address());
  const auto refused = three.send(kGet).read_answer();
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.head, HasSubstr("Retry-After: 1"));
  gate.open();
  EXPECT_EQ(one.read_answer().status, 200);
  EXPECT_EQ(two.read_answer().status, 200);
  EXPECT_EQ(three.send(kGet).read_answer().status, 200);
}

TEST_F(ServerTest, TurnsConnectionsAwayBeyondTheLimit) {
  start_echo({.listen = {}, .limits = {.connections = 1}});
  test::RawHttpClient first(address());
  EXPECT_EQ(first.send(kGet).read_answer().status, 200);
  test::RawHttpClient second(address());
  EXPECT_EQ(second.read_answer().body, "as many clients as allowed are here\n");
  EXPECT_EQ(count(Metric::kHttpRefusedConnections), 1U);
  EXPECT_EQ(first.send(kGet).read_answer().status, 200);
}

TEST_F(ServerTest, SurvivesHandlersThatFail) {
  start([](const Request& request) -> Response {
    if (request.path == "/throw") {
      throw std::runtime_error("broken");
    }
    Response response = error_response(200, "fine");
    response.headers.emplace("X", "a\r\nSet-Cookie: b");
    return response;
  });
  test::RawHttpClient client(address());
  EXPECT_EQ(client.send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n").read_answer().status, 500);
  const auto split = client.send(kGet).read_answer();
  EXPECT_EQ(split.status, 500);
  EXPECT_THAT(split.head, testing::Not(HasSubstr("Set-Cookie")));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("http.handler_failed target=/throw cause=broken"),
                                  HasSubstr("http.bad_header")));
  EXPECT_EQ(count(Metric::kHttpServerErrors), 2U);
}

TEST_F(ServerTest, ListensOnSeveralAddresses) {
  start_echo({.listen = {"127.0.0.1:0", "[::1]:0"}});
  ASSERT_EQ(server_->addresses().size(), 2U);
  EXPECT_THAT(server_->addresses()[1], StartsWith("[::1]:"));
  for (const std::string& where : server_->addresses()) {
    EXPECT_EQ(test::RawHttpClient(where).send(kGet).read_answer().status, 200) << where;
  }
}

TEST_F(ServerTest, NamesAnAddressItCannotListenOn) {
  start_echo();
  const auto again = Server::start({.listen = {address()}}, {}, counters_, events_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kIo);
  EXPECT_THAT(again.error().message(), HasSubstr(address()));
  EXPECT_THAT(again.error().cure, HasSubstr("another port"));
  for (const char* bad : {"", "80", "localhost:80", "1.2.3.4", "1.2.3.4:x", "1.2.3.4:70000",
                          "::1:80", "[1.2.3.4]:80", "[::1]", "1.2.3.4:"}) {
    const auto refused = Server::start({.listen = {bad}}, {}, counters_, events_);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid) << bad;
    EXPECT_TRUE(listen_problem(bad)) << bad;
  }
  EXPECT_FALSE(listen_problem("[::]:80"));
  EXPECT_FALSE(listen_problem("0.0.0.0:0"));
}

TEST_F(ServerTest, StopLetsAnswersUnderWayEnd) {
  Gate gate;
  start([&gate](const Request&) { return gate.enter(); });
  test::RawHttpClient idle(address());
  test::RawHttpClient busy(address());
  busy.send(kGet);
  gate.wait_for(1);
  std::jthread stopper([this] { server_->stop(1h); });
  EXPECT_EQ(idle.read_all(), "");  // closed at once
  gate.open();
  const auto answer = busy.read_answer();
  EXPECT_EQ(answer.body, "through\n");
  EXPECT_THAT(answer.head, HasSubstr("Connection: close"));
  stopper.join();
  EXPECT_FALSE(test::RawHttpClient(address()).connected());
  server_->stop(1h);
}

TEST_F(ServerTest, StopCutsOffWhoTakesTooLong) {
  const auto source = std::make_shared<PatternSource>(1'000'000'000);
  start(
      [source](const Request&) { return Response{.body = SourceRange{source, 0, 1'000'000'000}}; });
  test::RawHttpClient client(address());
  client.send(kGet).read_until("\r\n\r\n");
  server_->stop(0ms);
  EXPECT_LT(client.read_all().size(), 1'000'000'000U);
}

TEST_F(ServerTest, ManyClientsAtOnce) {
  start_echo();
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> clients;
    for (int c = 0; c < 8; ++c) {
      clients.emplace_back([this, &good] {
        test::RawHttpClient client(address());
        for (int i = 0; i < 100; ++i) {
          good += client.send(kGet).read_answer().status == 200 ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(good, 800);
}

}  // namespace
}  // namespace sluice::http
