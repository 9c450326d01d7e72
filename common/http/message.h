// A request and its answer, as handlers see them. The server (server.h) speaks HTTP/1.1 through
// Boost.Beast; handlers are plain functions.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/http/credentials.h"

namespace sluice::http {

// Bytes of known length that are read as the client takes them; never held whole in memory. read_at
// on one thread at a time.
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual std::uint64_t size() const = 0;
  virtual Result<void> read_at(std::uint64_t offset, MutableByteView into) const = 0;
  virtual int descriptor() const {
    return -1;
  }  // of a file that holds exactly these bytes, for sendfile
  virtual ByteView memory() const { return {}; }  // the bytes, where they lie in memory anyway
};

// Bytes without an end: events. next() waits up to a second; an empty string means "nothing yet",
// none the end.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  virtual std::optional<std::string> next() = 0;
};

struct SourceRange {
  std::shared_ptr<const BodySource> source;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

using Body = std::variant<std::monostate, std::string, SourceRange, std::shared_ptr<BodyStream>>;

struct Lasting;  // content.h

struct HeaderLess {  // header names compare without case
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};
using Headers = std::multimap<std::string, std::string, HeaderLess>;

struct Request {
  std::string method;  // "GET"
  std::string target;  // as it came
  std::string
      path;  // percent-decoded exactly once; starts with '/', has no "." or ".." segment and no NUL
  std::string raw_path;  // the target's path, not decoded: where %2f must be told from /
  std::string query;     // not decoded, without the '?'
  Headers headers;       // all but Authorization
  Credentials credentials{};
  std::string body;     // at most the server's limit
  bool secure = false;  // came over TLS

  std::optional<std::string_view> header(std::string_view name) const;
  // "http://host:port" as the client addressed us, for URLs in documents. Empty where the client
  // named no plausible authority, which the server does not let through.
  std::string base_url() const;
};

// The server adds Content-Length (or chunks), Date and Connection, and leaves the body out where
// the method (HEAD) or the status (304) has none.
struct Response {
  unsigned status = 200;
  Headers headers{};
  Body body{};
  std::shared_ptr<const Lasting> lasting{};  // see Content::lasting
};

// Called on a worker thread, may block on the disk, must not throw. One handler is called by
// several threads at once.
using Handler = std::function<Response(const Request&)>;

// An answer for people and programs alike: a line of text with the cause and the cure.
Response error_response(unsigned status, std::string_view message);
Response json_response(std::string body, unsigned status = 200);

}  // namespace sluice::http
