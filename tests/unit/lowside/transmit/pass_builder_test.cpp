#include "lowside/transmit/pass_builder.h"

#include <gtest/gtest.h>

#include "common/base/hasher.h"
#include "tests/support/link_rig.h"

namespace sluice::low {
namespace {

using observe::Metric;

class PassBuilderTest : public testing::Test {
 protected:
  struct Built {
    Bytes bytes;  // what `block` looks into
    wire::Block block;
    std::uint64_t pass_bytes = 0;
  };

  std::vector<Built> build(OutgoingPass pass) {
    std::vector<Built> all;
    PassBuilder& builder = *rig_.builder;
    builder.begin(std::move(pass));
    EncodedBlock encoded(rig_.transmit);
    while (!builder.done()) {
      const BlockNumber number(all.size());
      builder.build(LaneId(0), number, encoded);
      const ByteView bytes = encoded.data.first(encoded.geometry.block_bytes);
      Built& built = all.emplace_back();
      built.bytes.assign(bytes.begin(), bytes.end());
      built.pass_bytes = encoded.pass_bytes;
      built.block = wire::read_block(
                        built.bytes,
                        {.session = SessionId(rig_.session()), .lane = LaneId(0), .number = number},
                        rig_.signing.verify_key())
                        .value();
      EXPECT_LE(bytes.size(), rig_.transmit.block_bytes);
    }
    return all;
  }

  // Puts the blobs together again from their parts, and checks that each is what its digest says.
  std::map<Sha256Digest, Bytes> assemble(const std::vector<Built>& blocks) {
    std::map<Sha256Digest, Bytes> blobs;
    Bytes scratch;
    for (const Built& built : blocks) {
      for (const wire::BlobPart& part : built.block.parts) {
        Bytes& blob = blobs[part.blob];
        EXPECT_EQ(blob.size(), part.offset);
        const ByteView bytes = wire::decode_part(part, scratch).value();
        blob.insert(blob.end(), bytes.begin(), bytes.end());
      }
    }
    for (const auto& [digest, content] : blobs) {
      EXPECT_EQ(sha256(content), digest);
    }
    return blobs;
  }

  test::LinkRig rig_;
};

TEST_F(PassBuilderTest, ManySmallBlobsShareABlockBehindTheManifest) {
  const OutgoingPass pass =
      test::make_pass(rig_.blobs, rig_.random, 7, std::vector<std::size_t>(100, 300));
  const auto blocks = build(pass);
  ASSERT_EQ(blocks.size(), 1U);
  const auto& parts = blocks[0].block.parts;
  ASSERT_EQ(parts.size(), 101U);
  EXPECT_EQ(parts[0].blob, sha256(pass.manifest));
  for (std::size_t i = 0; i < pass.blobs.size(); ++i) {
    EXPECT_EQ(parts[i + 1].blob, pass.blobs[i].digest);
  }
  EXPECT_EQ(assemble(blocks).size(), 101U);
}

TEST_F(PassBuilderTest, TheNoticeStandsAtBothEnds) {
  const OutgoingPass pass = test::make_pass(rig_.blobs, rig_.random, 7, {500'000});
  const auto blocks = build(pass);
  ASSERT_GT(blocks.size(), 7U);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(blocks[i].block.notices.size(), i == 0 || i + 1 == blocks.size() ? 1U : 0U);
  }
  const auto& notice = blocks.front().block.notices[0];
  EXPECT_EQ(notice.sequence, pass.sequence);
  EXPECT_EQ(notice.manifest, sha256(pass.manifest));
  EXPECT_EQ(notice.manifest_bytes, pass.manifest.size());
  EXPECT_EQ(blocks.back().block.notices[0].manifest, notice.manifest);
}

TEST_F(PassBuilderTest, EverySizeComesThrough) {
  const std::size_t block = rig_.transmit.block_bytes;
  OutgoingPass pass =
      test::make_pass(rig_.blobs, rig_.random, 1,
                      {0, 1, 17, block - 400, block, block + 1, 3 * block, 5, 64 << 10, 100'000});
  // One that compression helps.
  const std::string text(200'000, 'x');
  pass.blobs.push_back(
      {.digest = rig_.blobs.add(Bytes(text.begin(), text.end())), .size = 200'000});
  const auto blocks = build(pass);
  const auto blobs = assemble(blocks);
  EXPECT_EQ(blobs.size(), pass.blobs.size() + 1);
  std::uint64_t done = 0;
  for (const Built& built : blocks) {
    done += built.pass_bytes;
  }
  EXPECT_EQ(done, rig_.builder->total_bytes());
}

TEST_F(PassBuilderTest, ABlobThatFitsTheNextBlockIsNotCut) {
  // Both fill most of a block; the second would leave a sliver in the first.
  const auto blocks = build(test::make_pass(rig_.blobs, rig_.random, 1, {60'000, 60'000}));
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[0].block.parts.size(), 2U);
  EXPECT_EQ(blocks[1].block.parts.size(), 1U);
}

TEST_F(PassBuilderTest, WhatTheSpoolCannotGiveIsNamedAndTheOthersCross) {
  OutgoingPass pass = test::make_pass(rig_.blobs, rig_.random, 3, {1000, 2000, 3000, 4000});
  ASSERT_TRUE(rig_.blobs.remove(pass.blobs[0].digest));
  rig_.blobs.break_reading(pass.blobs[1].digest);
  pass.blobs[2].size = 3001;
  const auto blobs = assemble(build(pass));
  EXPECT_EQ(blobs.size(), 2U);
  EXPECT_TRUE(blobs.contains(pass.blobs[3].digest));
  EXPECT_EQ(rig_.low(Metric::kSendMissingBlobs), 3U);
  const auto events = rig_.events.named("transmit.blob_missing");
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(test::field(events[0], "blob"), pass.blobs[0].digest.hex());
  EXPECT_EQ(test::field(events[0], "shipment"), "lab-low/3");
}

TEST_F(PassBuilderTest, DamagedBytesOfTheSpoolAreNamed) {
  OutgoingPass pass = test::make_pass(rig_.blobs, rig_.random, 3, {1000, 300'000, 2000});
  pass.pass = 1;  // the first one follows the hashing of what came in
  rig_.blobs.damage(pass.blobs[1].digest);
  build(pass);
  EXPECT_EQ(rig_.low(Metric::kSendMissingBlobs), 1U);
  const auto events = rig_.events.named("transmit.blob_damaged");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(test::field(events[0], "blob"), pass.blobs[1].digest.hex());
  EXPECT_EQ(test::field(events[0], "shipment"), "lab-low/3");
  EXPECT_EQ(test::field(events[0], "code"), "integrity");
  EXPECT_FALSE(test::field(events[0], "cure").empty());
}

TEST_F(PassBuilderTest, SettingsOutOfRangeAreNamed) {
  TransmitSettings settings = rig_.transmit;
  EXPECT_TRUE(settings.validate());
  settings.mtu = 9001;
  EXPECT_NE(settings.validate().error().message().find("mtu"), std::string::npos);
  settings = rig_.transmit;
  settings.window = 0;
  EXPECT_NE(settings.validate().error().message().find("window"), std::string::npos);
  settings = rig_.transmit;
  settings.stream = "no spaces";
  EXPECT_NE(settings.validate().error().message().find("no spaces"), std::string::npos);
}

}  // namespace
}  // namespace sluice::low
