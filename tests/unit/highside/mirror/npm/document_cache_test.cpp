#include "highside/mirror/npm/document_cache.h"

#include <gtest/gtest.h>

namespace sluice::high {
namespace {

std::shared_ptr<const RenderedDocument> document(std::size_t size) {
  return std::make_shared<const RenderedDocument>(
      RenderedDocument{std::string(size, 'x'), "\"e\""});
}

TEST(DocumentCache, StaysWithinItsLimitAndForgetsTheLeastRecentlyUsed) {
  DocumentCache cache(10'000);
  for (const char* key : {"a", "b", "c"}) {
    cache.put(key, document(2'900));
  }
  ASSERT_TRUE(cache.find("a"));  // now "b" is the oldest
  cache.put("d", document(2'900));
  EXPECT_TRUE(cache.find("a"));
  EXPECT_FALSE(cache.find("b"));
  EXPECT_TRUE(cache.find("d"));
  EXPECT_LE(cache.bytes(), 10'000U);
}

TEST(DocumentCache, KeepsNothingThatIsTooLargeAndCountsNothingTwice) {
  DocumentCache cache(10'000);
  cache.put("big", document(20'000));
  EXPECT_FALSE(cache.find("big"));
  EXPECT_EQ(cache.bytes(), 0U);
  cache.put("a", document(10));
  const std::size_t once = cache.bytes();
  cache.put("a", document(10));
  EXPECT_EQ(cache.bytes(), once);
}

}  // namespace
}  // namespace sluice::high
