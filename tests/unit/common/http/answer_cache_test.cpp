#include "common/http/answer_cache.h"

#include <gtest/gtest.h>

#include <atomic>

#include "common/http/memory_source.h"
#include "tests/unit/common/http/server_fixture.h"

namespace sluice::http {
namespace {

// A body that is no memory, and counts how often it is read.
class CountedSource final : public BodySource {
 public:
  CountedSource(std::uint64_t size, int& reads) : size_(size), reads_(reads) {}
  std::uint64_t size() const override { return size_; }
  Result<void> read_at(std::uint64_t, MutableByteView into) const override {
    ++reads_;
    std::fill(into.begin(), into.end(), std::uint8_t{'x'});
    return {};
  }

 private:
  std::uint64_t size_;
  int& reads_;
};

Request get(std::string target, Headers headers = {{"Host", "h"}}) {
  Request request;
  request.method = "GET";
  request.target = std::move(target);
  request.headers = std::move(headers);
  return request;
}

Content content_of(std::string media_type, std::string etag) {
  Content content;
  content.media_type = std::move(media_type);
  content.etag = std::move(etag);
  return content;
}

std::shared_ptr<const Lasting> lasting(std::string text) {
  return std::make_shared<const Lasting>(
      Lasting{content_of("text/plain", "\"" + text + "\""),
              std::make_shared<const MemorySource>(std::move(text))});
}

std::string text_of(const std::optional<Response>& response) {
  if (!response) {
    return "(none)";
  }
  const auto* range = std::get_if<SourceRange>(&response->body);
  return range == nullptr
             ? "(no body)"
             : std::string(as_text(range->source->memory().subspan(range->offset, range->length)));
}

class AnswerCacheTest : public testing::Test {
 protected:
  AnswerCache make(std::size_t bytes = 1'000'000) {
    return AnswerCache({.bytes = bytes, .version = [this] { return version_; }});
  }
  std::uint64_t version_ = 1;
};

TEST_F(AnswerCacheTest, GivesTheSameAnswerWhileNothingChanges) {
  AnswerCache cache = make();
  EXPECT_EQ(text_of(cache.answer(get("/a"))), "(none)");
  cache.keep(get("/a"), lasting("one"), cache.version());
  EXPECT_EQ(text_of(cache.answer(get("/a"))), "one");
  ++version_;
  EXPECT_EQ(text_of(cache.answer(get("/a"))), "(none)");
}

TEST_F(AnswerCacheTest, DoesNotKeepWhatAChangeHasOvertaken) {
  AnswerCache cache = make();
  const std::uint64_t before = cache.version();
  ++version_;
  EXPECT_EQ(text_of(cache.answer(get("/b"))), "(none)");  // sees the new version
  cache.keep(get("/a"), lasting("old"), before);
  EXPECT_EQ(text_of(cache.answer(get("/a"))), "(none)");
}

TEST_F(AnswerCacheTest, WhatAnAnswerDependsOnTellsRequestsApart) {
  AnswerCache cache = make();
  cache.keep(get("/a"), lasting("one"), 1);
  EXPECT_EQ(text_of(cache.answer(get("/a?q"))), "(none)");
  EXPECT_EQ(text_of(cache.answer(get("/a", {{"Host", "other"}}))), "(none)");
  EXPECT_EQ(text_of(cache.answer(get("/a", {{"Host", "h"}, {"Accept", "text/html"}}))), "(none)");
  Request secure = get("/a");
  secure.secure = true;
  EXPECT_EQ(text_of(cache.answer(secure)), "(none)");
  Request post = get("/a");
  post.method = "POST";
  EXPECT_EQ(text_of(cache.answer(post)), "(none)");
}

TEST_F(AnswerCacheTest, RangesAndConditionsAreWorkedOutAnew) {
  AnswerCache cache = make();
  cache.keep(get("/a"), lasting("0123456789"), 1);
  const auto part = cache.answer(get("/a", {{"Host", "h"}, {"Range", "bytes=2-4"}}));
  ASSERT_TRUE(part);
  EXPECT_EQ(part->status, 206U);
  EXPECT_EQ(text_of(part), "234");
  const auto same = cache.answer(get("/a", {{"Host", "h"}, {"If-None-Match", "\"0123456789\""}}));
  ASSERT_TRUE(same);
  EXPECT_EQ(same->status, 304U);
}

TEST_F(AnswerCacheTest, ShortBodiesAreReadOnceAndLongOnesStayWhereTheyAre) {
  AnswerCache cache = make(std::size_t{8} << 20);
  int reads = 0;
  const Content content = content_of("text/plain", "\"e\"");
  cache.keep(get("/short"),
             std::make_shared<const Lasting>(
                 Lasting{content, std::make_shared<const CountedSource>(1000, reads)}),
             1);
  EXPECT_EQ(reads, 1);
  EXPECT_EQ(text_of(cache.answer(get("/short"))), std::string(1000, 'x'));
  cache.keep(
      get("/long"),
      std::make_shared<const Lasting>(Lasting{
          content, std::make_shared<const CountedSource>(AnswerCache::kMaxHeldBytes + 1, reads)}),
      1);
  EXPECT_EQ(reads, 1);
  EXPECT_TRUE(cache.answer(get("/long")));
}

TEST_F(AnswerCacheTest, ForgetsWhatWasNotUsedForLongest) {
  AnswerCache cache = make(10'000);
  const std::string text(2000, 'x');
  for (int i = 0; i < 3; ++i) {
    cache.keep(get("/" + std::to_string(i)), lasting(text), 1);
  }
  EXPECT_TRUE(cache.answer(get("/0")));
  cache.keep(get("/3"), lasting(text), 1);
  EXPECT_TRUE(cache.answer(get("/0")));
  EXPECT_FALSE(cache.answer(get("/1")));
  EXPECT_TRUE(cache.answer(get("/3")));
  cache.keep(get("/huge"), lasting(std::string(6000, 'x')), 1);  // would leave no room for others
  EXPECT_FALSE(cache.answer(get("/huge")));
}

TEST_F(AnswerCacheTest, HoldsFewOpenSources) {
  AnswerCache cache = make();
  int reads = 0;
  for (std::size_t i = 0; i <= AnswerCache::kMaxSources; ++i) {
    cache.keep(get("/" + std::to_string(i)),
               std::make_shared<const Lasting>(Lasting{
                   content_of("a/b", ""),
                   std::make_shared<const CountedSource>(AnswerCache::kMaxHeldBytes + 1, reads)}),
               1);
  }
  EXPECT_FALSE(cache.answer(get("/0")));
  EXPECT_TRUE(cache.answer(get("/1")));
}

// Through the server.
class CachingServerTest : public ServerTest {
 protected:
  void start_counting(std::function<bool(const Request&)> allows = {}) {
    start(
        [this](const Request& request) {
          ++handled_;
          Content content = content_of("text/plain", "\"e\"");
          content.lasting = request.path != "/fleeting";
          return respond(request, content, "answer " + std::to_string(handled_));
        },
        {.listen = {},
         .loops = 2,
         .cache = {.bytes = 1'000'000,
                   .version = [this] { return version_.load(); },
                   .allows = std::move(allows)}});
  }
  std::string ask(const std::string& path, const std::string& fields = "") {
    test::RawHttpClient client(address());
    return client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n")
        .read_answer()
        .body;
  }
  std::atomic<std::uint64_t> version_ = 1;
  std::atomic<int> handled_ = 0;
};

TEST_F(CachingServerTest, AsksTheHandlerOnceForEachVersion) {
  start_counting();
  EXPECT_EQ(ask("/a"), "answer 1");
  EXPECT_EQ(ask("/a"), "answer 1");
  EXPECT_EQ(ask("/a", "Range: bytes=0-2\r\n"), "ans");
  ++version_;
  EXPECT_EQ(ask("/a"), "answer 2");
}

TEST_F(CachingServerTest, AsksAlwaysForWhatIsFleeting) {
  start_counting();
  EXPECT_EQ(ask("/fleeting"), "answer 1");
  EXPECT_EQ(ask("/fleeting"), "answer 2");
}

TEST_F(CachingServerTest, ARequestThatMayNotBeAnsweredGoesToTheHandler) {
  start_counting([](const Request& request) { return request.credentials.reveal() == "Bearer t"; });
  EXPECT_EQ(ask("/a", "Authorization: Bearer t\r\n"), "answer 1");
  EXPECT_EQ(ask("/a"), "answer 2");
  EXPECT_EQ(ask("/a", "Authorization: Bearer t\r\n"), "answer 1");
}

}  // namespace
}  // namespace sluice::http
