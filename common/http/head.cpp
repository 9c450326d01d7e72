#include "common/http/head.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>

#include "common/base/text.h"
#include "common/http/content.h"
#include "common/http/http_date.h"
#include "common/http/target.h"

namespace sluice::http {
namespace {

namespace beast = boost::beast;

std::optional<Response> check_method(const RawRequest& raw) {
  switch (raw.method()) {
    case beast::http::verb::get:
    case beast::http::verb::head:
    case beast::http::verb::post:
    case beast::http::verb::put:
    case beast::http::verb::patch:
    case beast::http::verb::delete_:
    case beast::http::verb::options:
      return std::nullopt;
    default:
      return error_response(501, std::string(raw.method_string().substr(0, 32)) +
                                     ": no such method here (use GET or HEAD)");
  }
}

// RFC 9112 section 3.2: one Host, which an absolute target overrides; HTTP/1.0 may leave it out.
std::optional<Response> settle_host(Request& request, const std::string& from_target,
                                    unsigned version, const std::string& local) {
  const auto [first, last] = request.headers.equal_range("Host");
  const auto count = std::distance(first, last);
  if (count > 1) {
    return error_response(400, "the request has more than one Host field");
  }
  if (count == 0 && version >= 11) {
    return error_response(400, "the request has no Host field, which HTTP/1.1 requires");
  }
  std::string host = count == 1 ? first->second : local;
  if (!from_target.empty()) {
    host = from_target;
  }
  if (!is_authority(host)) {
    return error_response(400, "the request's Host field is no host with a port");
  }
  request.headers.erase(first, last);
  request.headers.emplace("Host", std::move(host));
  return std::nullopt;
}

std::optional<Response> check_expectation(const Request& request) {
  const auto expectation = request.header("Expect");
  if (!expectation || beast::iequals(*expectation, "100-continue")) {
    return std::nullopt;
  }
  return error_response(417, "the only expectation that can be met is 100-continue");
}

// It changes once a second.
const std::string& date_field(UtcTime now) {
  static thread_local std::pair<std::chrono::seconds, std::string> last{-1, ""};
  const auto second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  if (last.first != second) {
    last = {second, format_http_date(now)};
  }
  return last.second;
}

}  // namespace

Accepted accept_head(const RawRequest& raw, bool secure, const std::string& local) {
  Accepted accepted;
  Request& request = accepted.request;
  request.secure = secure;
  request.method = raw.method_string();
  request.target = raw.target();
  for (const auto& field : raw) {
    if (field.name() == beast::http::field::authorization) {
      request.credentials = Credentials(std::string(field.value()));
    } else {
      request.headers.emplace(field.name_string(), field.value());
    }
  }
  accepted.refusal = check_method(raw);
  if (accepted.refusal) {
    return accepted;
  }
  auto target = parse_target(request.target);
  if (!target) {
    accepted.refusal = error_response(400, target.error().message());
    return accepted;
  }
  request.path = std::move(target->path);
  request.raw_path = std::move(target->raw_path);
  request.query = std::move(target->query);
  accepted.refusal = settle_host(request, target->authority, raw.version(), local);
  if (!accepted.refusal) {
    accepted.refusal = check_expectation(request);
  }
  return accepted;
}

Response refusal_for(boost::system::error_code error, std::size_t header_limit,
                     std::size_t body_limit) {
  if (error == beast::http::error::header_limit || error == beast::http::error::buffer_overflow) {
    return error_response(
        431, "the request's header is longer than the limit of " + human_size(header_limit));
  }
  if (error == beast::http::error::body_limit) {
    return error_response(
        413, "the request's body is longer than the limit of " + human_size(body_limit));
  }
  if (error == beast::http::error::bad_version) {
    return error_response(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  return error_response(400, "this is no HTTP request: " + error.message());
}

std::string response_head(const Response& response, Framing framing, std::uint64_t length,
                          bool keep_alive, UtcTime now) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += beast::http::obsolete_reason(beast::http::int_to_status(response.status));
  head.append("\r\nDate: ").append(date_field(now)).append("\r\n");
  if (response.lasting && response.headers.empty()) {
    head += response.lasting->fields;
  }
  append_fields(response.headers, head);
  if (framing == Framing::kLength) {
    head += "Content-Length: " + std::to_string(length) + "\r\n";
  } else if (framing == Framing::kChunked) {
    head += "Transfer-Encoding: chunked\r\n";
  }
  // HTTP/1.0 clients keep a connection only if they are told so; to others it says nothing new.
  head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

void append_fields(const Headers& headers, std::string& to) {
  for (const auto& [name, value] : headers) {
    to.append(name).append(": ").append(value).append("\r\n");
  }
}

bool is_sendable(const Headers& headers) {
  static constexpr std::string_view kBreaks("\r\n\0", 3);
  return std::none_of(headers.begin(), headers.end(), [](const auto& field) {
    return field.first.empty() || field.first.find_first_of(": \t") != std::string::npos ||
           field.first.find_first_of(kBreaks) != std::string::npos ||
           field.second.find_first_of(kBreaks) != std::string::npos;
  });
}

}  // namespace sluice::http
