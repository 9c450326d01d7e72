// An HTTP/1.1 server on loopback for tests of upstreams, which can also misbehave: each path has a
// script of answers, of which the last repeats. What was asked is kept.
//
//   HttpServer server;
//   server.answer("/a", {{.status = 503}, {.body = "hello", .etag = "\"1\""}});
//   fetch(server.uri("/a"));
//   EXPECT_EQ(server.requests("/a").size(), 2);
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::test {

struct Seen {
  std::string method;
  std::string target;                          // with the query
  std::map<std::string, std::string> headers;  // names in lower case

  std::string header(const std::string& name) const;  // empty where there is none
};

struct Answer {
  unsigned status = 200;
  std::string body{};
  // Sent with "ETag" and "Last-Modified", and used for If-None-Match, If-Modified-Since (304) and
  // If-Range.
  std::string etag{};
  std::string last_modified{};
  std::vector<std::pair<std::string, std::string>> headers{};
  bool ranges = true;  // "Range: bytes=N-" gets 206 with the rest, or 416

  // Misbehaviour.
  std::optional<std::uint64_t> claimed_length{};  // Content-Length instead of the true one
  bool without_length = false;             // neither Content-Length nor chunks: ends by closing
  std::optional<std::size_t> cut_after{};  // closes after so many bytes of the body
  bool hang = false;     // after what is sent: neither more bytes nor an end, until the server goes
  bool endless = false;  // the body again and again, in chunks, until the client has enough
};

class HttpServer {
 public:
  HttpServer();  // listens on a free port of 127.0.0.1
  ~HttpServer();

  std::string uri(const std::string& target = "") const;  // "http://127.0.0.1:port" + target
  std::uint16_t port() const;

  // The script of a path (without query). Everything else is answered 404.
  void answer(const std::string& path, std::vector<Answer> script);
  // A path that ends in '/' answers everything below it that has no entry of its own. Called on
  // the server's threads.
  void handle(const std::string& path, std::function<Answer(const Seen&)> handler);

  std::vector<Seen> requests(const std::string& path) const;  // as they came
  std::vector<Seen> all_requests() const;
  // Waits until that many have come to the path.
  void wait_for_requests(const std::string& path, std::size_t count) const;
  // Ends its threads. For whoever answers from members of its own, before they go.
  void stop();
  std::size_t connections() const;  // accepted so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::test
