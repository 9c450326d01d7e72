// One client's connection: reads requests, has them handled, writes answers, until either side has
// enough.
#pragma once

#include <openssl/types.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "common/http/hub.h"

namespace sluice::http {

// Ends when the connection has been closed. The caller has counted it in Hub::connections, from
// which this takes it. On the loop's thread; `loop` and `tls` (null: plain
// HTTP) outlive it.
boost::asio::awaitable<void> serve(Loop* loop, boost::asio::ip::tcp::socket socket, SSL_CTX* tls);

}  // namespace sluice::http
