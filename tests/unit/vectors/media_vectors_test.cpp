// The sector that a slice of a volume begins with.
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/media/group_head.h"
#include "tests/support/vectors.h"
#include "tests/unit/common/wire/fixed_keys.h"

namespace sluice::test {
namespace {

json::value fields_of(const media::ReadHead& read, const crypto::VerifyKey& sender) {
  json::array blocks;
  for (const std::uint32_t block : read.head.blocks) {
    blocks.emplace_back(block);
  }
  return json::object{{"stream", read.head.stream},
                      {"bundle", read.head.bundle},
                      {"volume", read.head.volume},
                      {"group", read.head.group},
                      {"sector", read.head.sector},
                      {"session", read.head.session.value()},
                      {"files", read.head.files},
                      {"heads", read.head.heads},
                      {"last", read.head.last},
                      {"max_data", read.head.max_data},
                      {"parity", read.head.parity},
                      {"blocks", std::move(blocks)},
                      {"file", read.file},
                      {"announce", hex_encode(read.announce)},
                      {"signed", media::check_head(read, sender)}};
}

TEST(MediaVectors, HeadsAreReadAndWritten) {
  const crypto::SigningKey key = wire::fixed_signing_key();
  for (const Vector& vector : vectors_of("media-head")) {
    SCOPED_TRACE(vector.name);
    const auto read = media::read_head(vector.bytes);
    ASSERT_EQ(read.has_value(), vector.good());
    if (!read) {
      continue;
    }
    expect_fields(vector.fields(), fields_of(*read, key.verify_key()));
    if (vector.fields().at("signed").as_bool()) {
      EXPECT_EQ(media::write_head(read->head, read->file, read->announce, key), vector.bytes);
    }
    for (std::size_t length = 0; length < vector.bytes.size(); ++length) {
      EXPECT_FALSE(media::read_head(ByteView(vector.bytes).first(length)));
    }
  }
}

}  // namespace
}  // namespace sluice::test
