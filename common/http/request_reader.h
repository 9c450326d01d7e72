// Reads a request through Beast's parser, piece by piece from the wire.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/error.hpp>

#include "common/http/wire.h"

namespace sluice::http {

// What is read ahead of a header, and of a body.
constexpr std::size_t kHeadReadBytes = std::size_t{8} << 10;
constexpr std::size_t kBodyReadBytes = std::size_t{64} << 10;

// Until `done()`, or until the parser or the wire has had enough: end_of_stream where the client
// ended before the first byte, partial_message within, need_buffer where a buffer_body is full;
// asio::error::connection_reset where the wire is broken or the deadline has passed.
template <class Parser, class Done>
boost::asio::awaitable<boost::system::error_code> parse(Wire* wire, Parser* parser,
                                                        std::size_t read_bytes, Done done) {
  namespace http = boost::beast::http;
  while (!done()) {
    if (wire->buffer().size() > 0) {
      boost::system::error_code error;
      wire->buffer().consume(parser->put(wire->buffer().data(), error));
      if (error && error != http::error::need_more) {
        co_return error;
      }
      if (!error) {
        continue;
      }
    }
    if (wire->buffer().size() == wire->buffer().max_size()) {
      co_return http::error::header_limit;
    }
    const Io io = co_await wire->read_more(read_bytes);
    if (io == Io::kEnded) {
      co_return parser->got_some() ? http::error::partial_message : http::error::end_of_stream;
    }
    if (io != Io::kDone) {
      co_return boost::asio::error::connection_reset;
    }
  }
  co_return boost::system::error_code();
}

}  // namespace sluice::http
