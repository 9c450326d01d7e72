// Writes answers: head and body of each kind.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "common/http/head.h"
#include "common/http/hub.h"
#include "common/http/wire.h"

namespace sluice::http {

// What is sent at once. Limits::send_time is for each of these.
constexpr std::size_t kChunkBytes = std::size_t{128} << 10;

// On the wire's thread; `loop` and `wire` outlive it.
class AnswerSender {
 public:
  AnswerSender(Loop& loop, Wire& wire) : loop_(loop), hub_(loop.hub), wire_(wire) {}

  // Whether what was sent went out whole. `body` is null where the answer has none.
  boost::asio::awaitable<bool> send(std::string head, const Body* body, Framing framing);
  boost::asio::awaitable<bool> send_text(std::string_view text);

 private:
  boost::asio::awaitable<bool> put(ByteView head, ByteView body);
  boost::asio::awaitable<bool> send_range(std::string_view head, const SourceRange* range);
  boost::asio::awaitable<bool> send_source(const SourceRange* range);
  boost::asio::awaitable<bool> send_file(const SourceRange* range);
  boost::asio::awaitable<bool> send_stream(std::shared_ptr<BodyStream> stream, bool chunked);
  bool client_has_gone();
  void count_bytes(std::uint64_t bytes);
  bool broken_body(const std::string& cause);

  Loop& loop_;
  Hub& hub_;
  Wire& wire_;
};

}  // namespace sluice::http
