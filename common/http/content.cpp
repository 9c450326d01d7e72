#include "common/http/content.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "common/base/calendar.h"
#include "common/base/text.h"
#include "common/http/head.h"
#include "common/http/http_date.h"
#include "common/http/memory_source.h"

namespace sluice::http {
namespace {

std::string_view opaque(std::string_view tag) {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

// Whether a list of entity tags ("*", or one tag or more) holds `etag`. A weak tag never matches
// where the comparison is strong (RFC 9110 section 8.8.3.2). Our own tags hold no comma.
bool lists_tag(std::string_view list, std::string_view etag, bool strong) {
  for (const std::string_view part : split(list, ',')) {
    const std::string_view tag = trim(part);
    if (tag == "*" || (!etag.empty() && (strong ? tag : opaque(tag)) == etag)) {
      return true;
    }
  }
  return false;
}

UtcTime whole_seconds(UtcTime time) {
  return std::chrono::floor<std::chrono::seconds>(in_calendar(time));
}

// Whether the content is no newer than the date in that header; none where there is no date to
// compare.
std::optional<bool> unmodified_since(const Request& request, std::string_view header,
                                     const Content& content) {
  const auto value = request.header(header);
  const auto date = value ? parse_http_date(*value) : std::nullopt;
  if (!date || !content.last_modified) {
    return std::nullopt;
  }
  return whole_seconds(*content.last_modified) <= *date;
}

// RFC 9110 section 13.2.2, as far as it does not concern ranges: 412, 304, or 200 for "go on".
unsigned evaluate_preconditions(const Request& request, const Content& content) {
  if (const auto tags = request.header("If-Match")) {
    if (!lists_tag(*tags, content.etag, true)) {
      return 412;
    }
  } else if (unmodified_since(request, "If-Unmodified-Since", content) == false) {
    return 412;
  }
  if (const auto tags = request.header("If-None-Match")) {
    return lists_tag(*tags, content.etag, false) ? 304 : 200;
  }
  return unmodified_since(request, "If-Modified-Since", content) == true ? 304 : 200;
}

// RFC 9110 section 13.1.5: a tag must match strongly, a date exactly.
bool if_range_holds(const Request& request, const Content& content) {
  const auto validator = request.header("If-Range");
  if (!validator) {
    return true;
  }
  const std::string_view value = trim(*validator);
  if (value.starts_with('"') || value.starts_with("W/")) {
    return !content.etag.empty() && value == content.etag;
  }
  const auto date = parse_http_date(value);
  return date && content.last_modified && *date == whole_seconds(*content.last_modified);
}

std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  // More than 2^64 is beyond the end of everything, and no mistake of the client's.
  return error == std::errc::result_out_of_range ? UINT64_MAX : value;
}

struct Range {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  // 0: cannot be satisfied
};

// None where the answer is the whole: no range, another unit, several ranges, bad syntax (RFC 9110
// section 14.2: a server may ignore any).
std::optional<Range> requested_range(const Request& request, std::uint64_t size) {
  static constexpr std::string_view kUnit = "bytes=";
  const auto header = request.header("Range");
  if (request.method != "GET" || !header || !header->starts_with(kUnit)) {
    return std::nullopt;
  }
  const std::string_view spec = trim(header->substr(kUnit.size()));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto first = number(spec.substr(0, dash));
  const auto last = number(spec.substr(dash + 1));
  if (dash == 0) {  // the last N bytes
    if (!last || (size == 0 && *last > 0)) {
      return std::nullopt;
    }
    const std::uint64_t length = std::min(*last, size);
    return Range{size - length, length};
  }
  const bool open_end = dash + 1 == spec.size();
  if (!first || (!open_end && (!last || *last < *first))) {
    return std::nullopt;
  }
  if (*first >= size) {
    return Range{};
  }
  return Range{*first, (open_end ? size - 1 : std::min(*last, size - 1)) - *first + 1};
}

Response not_satisfiable(std::uint64_t size) {
  Response response =
      error_response(416, "the range lies outside of the " + std::to_string(size) + " bytes");
  response.headers.emplace("Content-Range", "bytes */" + std::to_string(size));
  return response;
}

Headers content_headers(const Content& content) {
  Headers headers = content.extra;
  headers.emplace("Accept-Ranges", "bytes");
  if (!content.etag.empty()) {
    headers.emplace("ETag", content.etag);
  }
  if (content.last_modified) {
    headers.emplace("Last-Modified", format_http_date(*content.last_modified));
  }
  return headers;
}

// The answer but for its body, and which part of the content the body is; none: it has its body.
struct Answer {
  Response response;
  std::optional<Range> part;
};

Answer answer(const Request& request, const Content& content, std::uint64_t size) {
  if (request.method != "GET" && request.method != "HEAD") {
    Response response = error_response(405, request.method + ": only GET and HEAD are answered");
    response.headers.emplace("Allow", "GET, HEAD");
    return {std::move(response), std::nullopt};
  }
  const unsigned condition = evaluate_preconditions(request, content);
  if (condition == 412) {
    return {error_response(412, "what is held here does not meet the request's conditions"),
            std::nullopt};
  }
  Response response{.status = condition, .headers = content_headers(content), .body = {}};
  if (condition == 304) {
    return {std::move(response), std::nullopt};
  }
  response.headers.emplace("Content-Type", content.media_type);
  const auto range =
      if_range_holds(request, content) ? requested_range(request, size) : std::nullopt;
  if (!range) {
    return {std::move(response), Range{0, size}};
  }
  if (range->length == 0) {
    return {not_satisfiable(size), std::nullopt};
  }
  response.status = 206;
  response.headers.emplace("Content-Range", "bytes " + std::to_string(range->offset) + "-" +
                                                std::to_string(range->offset + range->length - 1) +
                                                "/" + std::to_string(size));
  return {std::move(response), range};
}

}  // namespace

Response respond(const Request& request, const Content& content,
                 std::shared_ptr<const BodySource> source) {
  if (content.lasting) {
    auto lasting = std::make_shared<const Lasting>(Lasting{content, std::move(source)});
    Response response = respond(request, *lasting);
    response.lasting = std::move(lasting);
    return response;
  }
  return respond(request, Lasting{content, std::move(source)});
}

Response respond(const Request& request, const Content& content, std::string document) {
  if (content.lasting) {
    return respond(request, content, std::make_shared<const MemorySource>(std::move(document)));
  }
  auto [response, part] = answer(request, content, document.size());
  if (part) {
    response.body = part->length == document.size() ? std::move(document)
                                                    : document.substr(part->offset, part->length);
  }
  return std::move(response);
}

Response respond(const Request& request, const Lasting& lasting) {
  auto [response, part] = answer(request, lasting.content, lasting.source->size());
  if (part) {
    response.body = SourceRange{lasting.source, part->offset, part->length};
  }
  return std::move(response);
}

bool asks_for_less(const Request& request) {
  static constexpr std::array<std::string_view, 6> kFields{
      "Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"};
  return std::any_of(kFields.begin(), kFields.end(), [&request](std::string_view name) {
    return request.headers.find(name) != request.headers.end();
  });
}

std::string whole_fields(const Content& content) {
  std::string fields;
  append_fields(content_headers(content), fields);
  fields.append("Content-Type: ").append(content.media_type).append("\r\n");
  return fields;
}

std::string repr_digest_sha256(ByteView sha256) {
  return "sha-256=:" + base64_encode(sha256) + ":";
}

}  // namespace sluice::http
