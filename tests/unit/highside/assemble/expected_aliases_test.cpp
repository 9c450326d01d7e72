#include "highside/assemble/expected_aliases.h"

#include <gtest/gtest.h>

#include <cstring>

namespace sluice::high {
namespace {

class ExpectedAliasesTest : public testing::Test {
 protected:
  static Sha256Digest digest(std::uint32_t number) {
    Bytes bytes(Sha256Digest::kSize);
    std::memcpy(bytes.data(), &number, sizeof number);
    return *Sha256Digest::from_bytes(bytes);
  }
  void add(std::uint32_t number, proto::DigestAlgorithm algorithm = proto::SHA1) {
    blob_.set_sha256(std::string(as_text(digest(number).bytes())));
    blob_.clear_aliases();
    blob_.add_aliases()->set_algorithm(algorithm);
    aliases_.add(blob_);
  }
  std::size_t known(std::uint32_t number) const { return aliases_.of(digest(number)).size(); }

  proto::Blob blob_;
  ExpectedAliases aliases_;
};

TEST_F(ExpectedAliasesTest, NotesSoManyBlobsAndNoMore) {
  for (std::uint32_t i = 0; i < ExpectedAliases::kMaxEntries; ++i) {
    add(i);
  }
  const auto over = static_cast<std::uint32_t>(ExpectedAliases::kMaxEntries);
  add(over);
  EXPECT_EQ(known(over), 0U);
  EXPECT_EQ(known(over - 1), 1U);
  add(0, proto::MD5);  // one that is known takes another
  EXPECT_EQ(known(0), 2U);
  aliases_.forget(digest(0));
  add(over);
  EXPECT_EQ(known(over), 1U);
}

}  // namespace
}  // namespace sluice::high
