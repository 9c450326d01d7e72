#include "common/http/wire.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

// What an idle connection may keep.
constexpr std::size_t kIdleBytes = std::size_t{8} << 10;

bool wants(Io io) { return io == Io::kWantRead || io == Io::kWantWrite; }

}  // namespace

Wire::Wire(tcp::socket socket, std::unique_ptr<Transport> transport, std::size_t most)
    : socket_(std::move(socket)),
      transport_(std::move(transport)),
      deadline_(socket_),
      buffer_(most) {}

void Wire::give_back_memory() {
  if (buffer_.size() == 0 && buffer_.capacity() > kIdleBytes) {
    buffer_.shrink_to_fit();
  }
}

asio::awaitable<bool> Wire::ready(Io wanted) {
  const auto kind = wanted == Io::kWantRead ? tcp::socket::wait_read : tcp::socket::wait_write;
  const auto [error] = co_await socket_.async_wait(kind, kResult);
  co_return !error && !deadline_.expired();
}

asio::awaitable<Io> Wire::shake_hands() {
  IoResult result = transport_->shake_hands();
  while (wants(result.io)) {
    const bool is_ready = co_await ready(result.io);
    if (!is_ready) {
      co_return Io::kBroken;
    }
    result = transport_->shake_hands();
  }
  co_return result.io;
}

asio::awaitable<Io> Wire::read_more(std::size_t most) {
  for (;;) {
    const auto room = buffer_.prepare(std::min(most, buffer_.max_size() - buffer_.size()));
    const IoResult got = transport_->read({static_cast<std::uint8_t*>(room.data()), room.size()});
    if (!wants(got.io)) {
      buffer_.commit(got.bytes);
      co_return got.io;
    }
    const bool is_ready = co_await ready(got.io);
    if (!is_ready) {
      co_return Io::kBroken;
    }
  }
}

asio::awaitable<Io> Wire::write(ByteView head, ByteView body) {
  while (!head.empty() || !body.empty()) {
    const IoResult put = transport_->write(head, body);
    if (put.io == Io::kDone) {
      const std::size_t of_head = std::min(put.bytes, head.size());
      head = head.subspan(of_head);
      body = body.subspan(put.bytes - of_head);
      continue;
    }
    if (!wants(put.io)) {
      co_return Io::kBroken;
    }
    const bool is_ready = co_await ready(put.io);
    if (!is_ready) {
      co_return Io::kBroken;
    }
  }
  co_return Io::kDone;
}

asio::awaitable<Io> Wire::end_sending() {
  IoResult result = transport_->end_sending();
  while (wants(result.io)) {
    const bool is_ready = co_await ready(result.io);
    if (!is_ready) {
      co_return Io::kBroken;
    }
    result = transport_->end_sending();
  }
  co_return result.io;
}

}  // namespace sluice::http
