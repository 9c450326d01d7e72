// Every file of vectors has a test here that reads it.
#include <gtest/gtest.h>

#include "tests/support/vectors.h"

namespace sluice::test {
namespace {

TEST(VectorFiles, AreThoseThatAreRead) {
  EXPECT_EQ(structures(),
            (std::vector<std::string>{"announce", "block", "code", "datagram", "geometry",
                                      "heartbeat", "key-file", "link", "manifest", "media-head",
                                      "messages", "record", "replay", "resend-code", "stored"}));
}

// A file without a good or without a bad one proves half of what it should.
TEST(VectorFiles, HaveGoodAndBadOnes) {
  for (const std::string structure :
       {"announce", "block", "datagram", "geometry", "heartbeat", "key-file", "manifest",
        "media-head", "messages", "record", "resend-code", "stored"}) {
    std::size_t good = 0;
    const auto vectors = vectors_of(structure);
    for (const Vector& vector : vectors) {
      good += vector.good() ? 1 : 0;
      EXPECT_NE(vector.good(), vector.all.contains("refused")) << structure << " " << vector.name;
    }
    EXPECT_GT(good, 0U) << structure;
    EXPECT_LT(good, vectors.size()) << structure;
  }
}

}  // namespace
}  // namespace sluice::test
