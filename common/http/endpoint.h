// Addresses as operators write them: numeric, with a port.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::http {

Result<boost::asio::ip::tcp::endpoint> parse_endpoint(std::string_view text);  // "[::1]:8080"
std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace sluice::http
