// From what Beast read to a Request, and from a Response to the bytes before its body.
#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/http/message.h"

namespace sluice::http {

using RawRequest = boost::beast::http::request<boost::beast::http::empty_body>;

// The request without its body, or the answer to one that cannot be served. `local` is the
// authority of a client that names none (HTTP/1.0).
struct Accepted {
  Request request;
  std::optional<Response> refusal;
};
Accepted accept_head(const RawRequest& raw, bool secure, const std::string& local);

// The answer to what is no HTTP: the parser's complaint in words.
Response refusal_for(boost::system::error_code error, std::size_t header_limit,
                     std::size_t body_limit);

enum class Framing { kNone, kLength, kChunked, kUntilClose };

// Status line, header fields and the empty line.
std::string response_head(const Response& response, Framing framing, std::uint64_t length,
                          bool keep_alive, UtcTime now);

// "name: value" and a line break for each.
void append_fields(const Headers& headers, std::string& to);

// Whether every field can be written as it is: one with a line break would split the answer.
bool is_sendable(const Headers& headers);

}  // namespace sluice::http
