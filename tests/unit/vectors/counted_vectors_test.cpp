// Bad blocks and manifests, given to the stages as they arrive: each is counted once, and nothing
// of it is used.
#include <gtest/gtest.h>

#include "tests/support/memory_store.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/vectors.h"
#include "tests/unit/common/wire/fixed_keys.h"
#include "tests/unit/highside/pipeline/high_side.h"

namespace sluice::test {
namespace {

using observe::Metric;

class CountedVectors : public testing::Test {
 protected:
  void arrive(const wire::BlockPlace& place, Bytes bytes) {
    high_.assembler.block({"lab-low", place, std::move(bytes)});
  }
  // A manifest as the sender would send it: its notice, and all of it as one part.
  void announce(std::uint64_t sequence, ByteView manifest) {
    writer_.add_notice({ShipmentSequence(sequence), sha256(manifest), manifest.size(), 0});
    writer_.add_part(sha256(manifest), manifest.size(), 0, manifest);
    const wire::BlockPlace place{SessionId(1), LaneId(0), BlockNumber(sequence)};
    const ByteView block = writer_.finish(place, key_);
    arrive(place, Bytes(block.begin(), block.end()));
  }
  bool counts(Metric metric, std::uint64_t count) {
    return eventually([&] { return high_.count(metric) >= count; }) && high_.count(metric) == count;
  }
  // Each is told right after it is counted.
  bool tells(std::string_view event, std::uint64_t count) {
    return eventually([&] { return high_.events.named(event).size() >= count; }) &&
           high_.events.named(event).size() == count;
  }

  const crypto::SigningKey key_ = wire::fixed_signing_key();
  wire::BlockWriter writer_{limits::kMaxBlockBytes};
  TemporaryFolder folder_;
  MemoryStore index_;
  HighSide high_{Disk{index_, posix_file_system(), folder_.path()},
                 {{"lab-low", key_.verify_key()}}};
};

TEST_F(CountedVectors, EachBadBlockOnce) {
  std::uint64_t bad = 0;
  std::uint64_t unknown = 0;
  for (const Vector& vector : vectors_of("block")) {
    const json::object& place = vector.all.at("place").as_object();
    arrive({SessionId(place.at("session").to_number<std::uint64_t>()),
            LaneId(place.at("lane").to_number<std::uint8_t>()),
            BlockNumber(place.at("number").to_number<std::uint64_t>())},
           vector.bytes);
    bad += vector.good() ? 0 : 1;
    unknown += vector.good() ? vector.fields().at("unknown_frames").to_number<std::uint64_t>() : 0;
  }
  EXPECT_TRUE(counts(Metric::kUnknownFrames, unknown));
  EXPECT_TRUE(counts(Metric::kBadBlocks, bad));
  EXPECT_TRUE(tells("block.bad", bad));
}

TEST_F(CountedVectors, EachBadManifestOnce) {
  std::uint64_t bad = 0;
  for (const Vector& vector : vectors_of("manifest")) {
    // Larger ones are put together on disk first, and refused in the same place.
    if (!vector.good() && !vector.bytes.empty() &&
        vector.bytes.size() <= limits::kInlineBlobBytes) {
      announce(++bad, vector.bytes);
    }
  }
  EXPECT_TRUE(counts(Metric::kManifestsBad, bad));
  EXPECT_TRUE(tells("shipment.refused", bad));
  EXPECT_EQ(high_.catalog.current(), Edition(0));
}

}  // namespace
}  // namespace sluice::test
