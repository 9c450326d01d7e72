#include "common/http/content.h"

#include <gtest/gtest.h>

#include "common/base/hasher.h"

namespace sluice::http {
namespace {

// Ten bytes of which each is its own place.
class Digits final : public BodySource {
 public:
  std::uint64_t size() const override { return 10; }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    for (std::uint8_t& byte : into) {
      byte = static_cast<std::uint8_t>('0' + offset++);
    }
    return {};
  }
};

const UtcTime kModified(std::chrono::microseconds(784111777'500'000));
constexpr const char* kModifiedDate = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kEarlier = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* kLater = "Sun, 06 Nov 1994 08:49:38 GMT";

Content content() {
  return {.media_type = "text/x",
          .etag = "\"v1\"",
          .last_modified = kModified,
          .extra = {{"Vary", "Accept"}}};
}

Request request(Headers headers, std::string method = "GET") {
  Request made;
  made.method = std::move(method);
  made.headers = std::move(headers);
  return made;
}

// "206 bytes 2-3/10 [23]": what matters of an answer from the source; checked against the answer
// from memory.
std::string answer(const Request& asked, const Content& about = content()) {
  const Response response = respond(asked, about, std::make_shared<Digits>());
  std::string text = std::to_string(response.status);
  if (const auto range = response.headers.find("Content-Range"); range != response.headers.end()) {
    text += " " + range->second;
  }
  const Response from_memory = respond(asked, about, "0123456789");
  EXPECT_EQ(from_memory.status, response.status);
  EXPECT_EQ(from_memory.headers, response.headers);
  if (const auto* body = std::get_if<SourceRange>(&response.body)) {
    Bytes bytes(body->length);
    EXPECT_TRUE(body->source->read_at(body->offset, bytes));
    EXPECT_EQ(std::get<std::string>(from_memory.body), as_text(bytes));
    text += " [" + std::string(as_text(bytes)) + "]";
  }
  return text;
}

TEST(Respond, AnswersWhole) {
  EXPECT_EQ(answer(request({})), "200 [0123456789]");
  EXPECT_EQ(answer(request({}, "HEAD")), "200 [0123456789]");  // the server leaves the body out
  const Response response = respond(request({}), content(), "x");
  EXPECT_EQ(response.headers, (Headers{{"Accept-Ranges", "bytes"},
                                       {"Content-Type", "text/x"},
                                       {"ETag", "\"v1\""},
                                       {"Last-Modified", kModifiedDate},
                                       {"Vary", "Accept"}}));
}

TEST(Respond, RefusesOtherMethods) {
  const Response response = respond(request({}, "POST"), content(), "x");
  EXPECT_EQ(response.status, 405U);
  EXPECT_EQ(response.headers.find("Allow")->second, "GET, HEAD");
}

TEST(Respond, ComparesTags) {
  EXPECT_EQ(answer(request({{"If-None-Match", "\"v1\""}})), "304");
  EXPECT_EQ(answer(request({{"If-None-Match", "W/\"v1\""}})), "304");  // weak comparison
  EXPECT_EQ(answer(request({{"If-None-Match", "\"v0\", \"v1\""}}, "HEAD")), "304");
  EXPECT_EQ(answer(request({{"If-None-Match", "*"}})), "304");
  EXPECT_EQ(answer(request({{"If-None-Match", "\"v2\""}})), "200 [0123456789]");
  EXPECT_EQ(answer(request({{"If-Match", "\"v1\""}})), "200 [0123456789]");
  EXPECT_EQ(answer(request({{"If-Match", "*"}})), "200 [0123456789]");
  EXPECT_EQ(answer(request({{"If-Match", "W/\"v1\""}})), "412");  // strong comparison
  EXPECT_EQ(answer(request({{"If-Match", "\"v2\""}})), "412");
}

TEST(Respond, ComparesDates) {
  EXPECT_EQ(answer(request({{"If-Modified-Since", kModifiedDate}})), "304");
  EXPECT_EQ(answer(request({{"If-Modified-Since", kLater}})), "304");
  EXPECT_EQ(answer(request({{"If-Modified-Since", kEarlier}})), "200 [0123456789]");
  EXPECT_EQ(answer(request({{"If-Modified-Since", "rubbish"}})), "200 [0123456789]");
  EXPECT_EQ(answer(request({{"If-Unmodified-Since", kEarlier}})), "412");
  EXPECT_EQ(answer(request({{"If-Unmodified-Since", kModifiedDate}})), "200 [0123456789]");
}

// Of a record that a sender made up.
TEST(Respond, ComparesTimesThatNoCalendarHas) {
  Content about = content();
  about.last_modified = from_unix_micros(INT64_MIN);
  EXPECT_EQ(answer(request({{"If-Modified-Since", kEarlier}}), about), "304");
  about.last_modified = from_unix_micros(INT64_MAX);
  EXPECT_EQ(answer(request({{"If-Modified-Since", kLater}}), about), "200 [0123456789]");
}

TEST(Respond, TagsComeBeforeDates) {
  EXPECT_EQ(answer(request({{"If-None-Match", "\"v2\""}, {"If-Modified-Since", kLater}})),
            "200 [0123456789]");
  EXPECT_EQ(answer(request({{"If-None-Match", "\"v1\""}, {"If-Modified-Since", kEarlier}})), "304");
  EXPECT_EQ(answer(request({{"If-Match", "\"v1\""}, {"If-Unmodified-Since", kEarlier}})),
            "200 [0123456789]");
  EXPECT_EQ(answer(request({{"If-Match", "\"v1\""}, {"If-None-Match", "\"v1\""}})), "304");
}

TEST(Respond, A304KeepsTheValidators) {
  const Response response = respond(request({{"If-None-Match", "\"v1\""}}), content(), "x");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(response.body));
  EXPECT_EQ(response.headers.count("ETag"), 1U);
  EXPECT_EQ(response.headers.count("Vary"), 1U);
  EXPECT_EQ(response.headers.count("Content-Type"), 0U);
}

TEST(Respond, GivesRanges) {
  EXPECT_EQ(answer(request({{"Range", "bytes=2-3"}})), "206 bytes 2-3/10 [23]");
  EXPECT_EQ(answer(request({{"Range", "bytes=0-0"}})), "206 bytes 0-0/10 [0]");
  EXPECT_EQ(answer(request({{"Range", "bytes=8-"}})), "206 bytes 8-9/10 [89]");
  EXPECT_EQ(answer(request({{"Range", "bytes=8-99"}})), "206 bytes 8-9/10 [89]");
  EXPECT_EQ(answer(request({{"Range", "bytes=-3"}})), "206 bytes 7-9/10 [789]");
  EXPECT_EQ(answer(request({{"Range", "bytes=-99"}})), "206 bytes 0-9/10 [0123456789]");
  EXPECT_EQ(answer(request({{"Range", "bytes=0-99999999999999999999999"}})),
            "206 bytes 0-9/10 [0123456789]");
}

TEST(Respond, SaysWhereARangeLiesOutside) {
  for (const char* range :
       {"bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(answer(request({{"Range", range}})), "416 bytes */10") << range;
  }
}

TEST(Respond, IgnoresRangesItNeedNotAnswer) {
  for (const char* range : {"bytes=0-1,3-4", "bytes=3-2", "bytes=", "bytes=-", "bytes=a-b",
                            "bytes=1", "bytes=1-2x", "lines=1-2", "", "bytes=--1", "bytes=+1-2"}) {
    EXPECT_EQ(answer(request({{"Range", range}})), "200 [0123456789]") << range;
  }
  EXPECT_EQ(answer(request({{"Range", "bytes=2-3"}}, "HEAD")), "200 [0123456789]");
}

TEST(Respond, HonoursIfRange) {
  const auto with = [](const char* validator) {
    return answer(request({{"Range", "bytes=2-3"}, {"If-Range", validator}}));
  };
  EXPECT_EQ(with("\"v1\""), "206 bytes 2-3/10 [23]");
  EXPECT_EQ(with(kModifiedDate), "206 bytes 2-3/10 [23]");
  EXPECT_EQ(with("\"v2\""), "200 [0123456789]");
  EXPECT_EQ(with("W/\"v1\""), "200 [0123456789]");
  EXPECT_EQ(with(kLater), "200 [0123456789]");
  EXPECT_EQ(with("rubbish"), "200 [0123456789]");
}

TEST(Respond, WorksWithoutValidators) {
  const Content bare{.media_type = "text/x", .etag = "", .last_modified = {}, .extra = {}};
  EXPECT_EQ(answer(request({{"If-None-Match", "\"\""}, {"If-Modified-Since", kLater}}), bare),
            "200 [0123456789]");
  EXPECT_EQ(answer(request({{"If-Match", "\"v1\""}}), bare), "412");
  EXPECT_EQ(answer(request({{"Range", "bytes=0-1"}, {"If-Range", "\"\""}}), bare),
            "200 [0123456789]");
}

TEST(Respond, AnEmptyDocumentHasNoRanges) {
  EXPECT_EQ(respond(request({{"Range", "bytes=0-"}}), content(), "").status, 416U);
  EXPECT_EQ(respond(request({{"Range", "bytes=-5"}}), content(), "").status, 200U);
}

// RFC 9530 appendix D.
TEST(ReprDigest, IsAStructuredField) {
  EXPECT_EQ(repr_digest_sha256(sha256(as_bytes("{\"hello\": \"world\"}\n")).bytes()),
            "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
}

}  // namespace
}  // namespace sluice::http
