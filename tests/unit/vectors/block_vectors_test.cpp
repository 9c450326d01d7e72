// Blocks at their places, and the bytes of their parts.
#include <gtest/gtest.h>

#include "common/base/hasher.h"
#include "common/base/text.h"
#include "common/wire/block.h"
#include "tests/support/vectors.h"
#include "tests/unit/common/wire/fixed_keys.h"

namespace sluice::test {
namespace {

wire::BlockPlace place_of(const Vector& vector) {
  const json::object& place = vector.all.at("place").as_object();
  return {SessionId(place.at("session").to_number<std::uint64_t>()),
          LaneId(place.at("lane").to_number<std::uint8_t>()),
          BlockNumber(place.at("number").to_number<std::uint64_t>())};
}

json::object shown(const wire::BlobPart& part) {
  Bytes scratch;
  const auto decoded = wire::decode_part(part, scratch);
  const json::value digest =
      decoded ? json::value(hex_encode(sha256(*decoded).bytes())) : json::value(nullptr);
  return {{"blob", part.blob.hex()}, {"blob_size", part.blob_bytes},
          {"offset", part.offset},   {"length", part.length},
          {"zstd", part.zstd},       {"stored", hex_encode(part.stored)},
          {"decoded_sha256", digest}};
}

json::object shown(const wire::Block& block) {
  json::array parts;
  for (const wire::BlobPart& part : block.parts) {
    parts.push_back(shown(part));
  }
  json::array notices;
  for (const wire::ShipmentNotice& notice : block.notices) {
    notices.push_back({{"sequence", notice.sequence.value()},
                       {"manifest", notice.manifest.hex()},
                       {"manifest_size", notice.manifest_bytes},
                       {"pass", notice.pass}});
  }
  return {{"parts", std::move(parts)},
          {"notices", std::move(notices)},
          {"unknown_frames", block.unknown_frames}};
}

class BlockVectors : public testing::Test {
 protected:
  const std::vector<Vector> vectors_ = vectors_of("block");
  const crypto::SigningKey key_ = wire::fixed_signing_key();
};

TEST_F(BlockVectors, HaveTheirFramesOrAreRefused) {
  for (const Vector& vector : vectors_) {
    SCOPED_TRACE(vector.name);
    const auto block = wire::read_block(vector.bytes, place_of(vector), key_.verify_key());
    ASSERT_EQ(block.has_value(), vector.good());
    if (block) {
      expect_fields(vector.fields(), shown(*block));
    } else {
      expect_refusal(vector, block.error());
    }
  }
}

TEST_F(BlockVectors, CutAnywhereTheyAreRefused) {
  for (const Vector& vector : vectors_) {
    SCOPED_TRACE(vector.name);
    for (std::size_t size = 0; vector.good() && size < vector.bytes.size(); ++size) {
      ASSERT_FALSE(
          wire::read_block(ByteView(vector.bytes).first(size), place_of(vector), key_.verify_key()))
          << size;
    }
  }
}

// Frames in the order in which the head has them: parts and notices were read apart.
TEST_F(BlockVectors, AreWrittenAlike) {
  std::size_t written = 0;
  for (const Vector& vector : vectors_) {
    if (!vector.all.contains("order")) {
      continue;
    }
    SCOPED_TRACE(vector.name);
    const auto block = wire::read_block(vector.bytes, place_of(vector), key_.verify_key());
    ASSERT_TRUE(block);
    wire::BlockWriter writer(limits::kMinBlockBytes);
    auto part = block->parts.begin();
    auto notice = block->notices.begin();
    for (const json::value& kind : vector.all.at("order").as_array()) {
      if (kind.as_string() == "part") {
        writer.add_part(part->blob, part->blob_bytes, part->offset, part->stored);
        ++part;
      } else {
        writer.add_notice(*notice++);
      }
    }
    EXPECT_TRUE(std::ranges::equal(writer.finish(place_of(vector), key_), vector.bytes));
    ++written;
  }
  EXPECT_GT(written, 0U);
}

}  // namespace
}  // namespace sluice::test
