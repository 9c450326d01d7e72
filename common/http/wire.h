// A connection's socket for coroutines: what can be done at once is done at once, and only what
// cannot waits, until the deadline.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>

#include "common/http/deadline.h"
#include "common/http/transport.h"

namespace sluice::http {

// On the socket's thread, but for socket(), of which any thread may shut down the descriptor.
class Wire {
 public:
  // `transport` works on the socket's descriptor. `most` is what the buffer may hold.
  Wire(boost::asio::ip::tcp::socket socket, std::unique_ptr<Transport> transport, std::size_t most);

  bool secure() const { return transport_->secure(); }
  boost::asio::ip::tcp::socket& socket() { return socket_; }
  Transport& transport() { return *transport_; }
  Deadline& deadline() { return deadline_; }
  boost::beast::flat_buffer& buffer() { return buffer_; }  // read, and not used yet
  void give_back_memory();                                 // of an empty buffer that has grown

  boost::asio::awaitable<Io> shake_hands();
  // Up to `most` bytes more in the buffer. kDone, kEnded, kBroken (after the deadline, too).
  boost::asio::awaitable<Io> read_more(std::size_t most);
  // All of both. kDone or kBroken.
  boost::asio::awaitable<Io> write(ByteView head, ByteView body);
  boost::asio::awaitable<Io> end_sending();
  // Until the socket is ready for what an attempt wants; whether it is, before the deadline.
  boost::asio::awaitable<bool> ready(Io wanted);

 private:
  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<Transport> transport_;
  Deadline deadline_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace sluice::http
