#include "common/http/endpoint.h"

#include <charconv>

#include "common/http/server.h"

namespace sluice::http {

Result<boost::asio::ip::tcp::endpoint> parse_endpoint(std::string_view text) {
  const auto refuse = [text](const char* cause) {
    return Error{ErrorCode::kInvalid, std::string(text), cause,
                 "write it like 127.0.0.1:8080 or [::1]:8080"};
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return refuse("has no port");
  }
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failure != std::errc() || end != digits.data() + digits.size()) {
    return refuse("has a port that is no number from 0 to 65535");
  }
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  if (error || address.is_v6() != bracketed) {
    return refuse("is no numeric address");
  }
  return boost::asio::ip::tcp::endpoint(address, port);
}

std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

std::optional<std::string> listen_problem(std::string_view address) {
  const auto endpoint = parse_endpoint(address);
  return endpoint ? std::nullopt : std::optional<std::string>(endpoint.error().cause);
}

}  // namespace sluice::http
