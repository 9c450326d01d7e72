// Answers that stand for stored bytes: conditional requests, ranges, HEAD (RFC 9110 sections 13 and
// 14).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/http/message.h"

namespace sluice::http {

struct Content {
  std::string media_type;
  std::string etag;  // quoted, strong; empty: none
  std::optional<UtcTime> last_modified;
  Headers extra;  // such as Vary or Repr-Digest
  // The answer is the same for every request of this target, Host and Accept until the version
  // changes (CacheOptions): it may be given again without its handler.
  bool lasting = false;
};

// What such an answer stands for.
struct Lasting {
  Content content;
  std::shared_ptr<const BodySource> source;
  std::string fields{};  // of the whole answer, as they are sent; empty: not made yet
};

// Whether the answer may be another than the whole: for a range, or on a condition.
bool asks_for_less(const Request& request);
// The header fields of the whole answer, as they are sent.
std::string whole_fields(const Content& content);

// GET and HEAD: 200, 206 (one range; several are answered whole), 304 (If-None-Match before
// If-Modified-Since), 412, 416. If-Range is honoured. Other methods: 405. Sets Accept-Ranges, ETag,
// Last-Modified, Content-Type.
Response respond(const Request& request, const Content& content,
                 std::shared_ptr<const BodySource> source);
// The same for a document made in memory: the body is a std::string, or a SourceRange where it is
// lasting.
Response respond(const Request& request, const Content& content, std::string document);

// What was answered before, for another request of the same.
Response respond(const Request& request, const Lasting& answer);

// "sha-256=:<base64>:" for Repr-Digest (RFC 9530).
std::string repr_digest_sha256(ByteView sha256);

}  // namespace sluice::http
