// One client's connection: reads requests, has them handled, writes answers, until either side has
// enough.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "common/http/hub.h"

namespace sluice::http {

// Ends when the connection has been closed. On the hub's I/O thread; `hub` and `tls` outlive it.
boost::asio::awaitable<void> serve_plain(Hub* hub, boost::asio::ip::tcp::socket socket);
boost::asio::awaitable<void> serve_tls(Hub* hub, boost::asio::ip::tcp::socket socket,
                                       boost::asio::ssl::context* tls);

}  // namespace sluice::http
