#include "common/store/scrubber.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "common/base/hasher.h"
#include "common/base/limits.h"
#include "common/store/disk_blob_store.h"
#include "tests/support/memory_store.h"
#include "tests/support/sim_file_system.h"

namespace sluice::store {
namespace {

using test::Operation;
using testing::HasSubstr;
using testing::IsEmpty;

class ScrubberTest : public testing::Test {
 protected:
  Sha256Digest add(const std::string& bytes) {
    const Sha256Digest digest = sha256(as_bytes(bytes));
    NewBlob blob{{digest, bytes.size(), {hash(DigestAlgorithm::kMd5, as_bytes(bytes))}}, Bytes()};
    if (bytes.size() <= limits::kInlineBlobBytes) {
      blob.content = Bytes(bytes.begin(), bytes.end());
    } else {
      const StagingPath path = store_->new_staging_path();
      files_.open_for_writing(path.value()).value()->write_at(0, as_bytes(bytes)).value();
      blob.content = path;
    }
    std::vector<NewBlob> blobs;
    blobs.push_back(std::move(blob));
    store_->commit(std::move(blobs)).value();
    return digest;
  }
  std::vector<Sha256Digest> add_large(std::size_t count) {
    std::vector<Sha256Digest> digests;
    for (std::size_t i = 0; i < count; ++i) {
      digests.push_back(add(std::string(limits::kInlineBlobBytes + 1 + i, 'x')));
    }
    std::ranges::sort(digests);  // as a scrub reads them
    return digests;
  }
  // In one commit, in order.
  std::vector<Sha256Digest> add_pack(char from) {
    std::vector<Sha256Digest> digests;
    std::vector<NewBlob> blobs;
    for (char fill = from; fill < from + 5; ++fill) {
      const Bytes bytes(limits::kInlineBlobBytes - 10, static_cast<std::uint8_t>(fill));
      digests.push_back(sha256(bytes));
      blobs.push_back({{digests.back(), bytes.size(), {}}, bytes});
    }
    store_->commit(blobs).value();
    std::ranges::sort(digests);
    return digests;
  }
  std::filesystem::path file_of(const Sha256Digest& digest) const {
    const std::string hex = digest.hex();
    return std::filesystem::path("/store/blobs") / hex.substr(0, 2) / hex.substr(2, 2) / hex;
  }
  // Runs one to its end.
  ScrubProgress scrub(ScrubSettings settings = {.bytes_per_second = std::uint64_t{1} << 40}) {
    Scrubber scrubber(
        *store_, clock_, settings,
        {.found =
             [this](const std::vector<DamagedBlob>& blobs) -> Result<std::vector<std::string>> {
           std::vector<std::string> lines;
           for (const DamagedBlob& blob : blobs) {
             found_.insert(blob.digest);
             lines.push_back(blob.cause);
           }
           return found_fails_ ? Result<std::vector<std::string>>(errno_error("index", ENOSPC))
                               : lines;
         },
         .read = [this](std::uint64_t bytes) { read_ += bytes; },
         .finished = [this](const ScrubProgress&) { ++finished_; }});
    EXPECT_TRUE(scrubber.start());
    while (scrubber.progress().running) {
      std::this_thread::yield();
    }
    return scrubber.progress();
  }

  test::FaultPlan plan_;
  test::SimFileSystem files_{plan_};
  test::MemoryStore index_{plan_};
  std::unique_ptr<DiskBlobStore> store_ = DiskBlobStore::open(index_, files_, "/store").value();
  SystemClock clock_;
  std::set<Sha256Digest> found_;
  std::uint64_t read_ = 0;
  int finished_ = 0;
  bool found_fails_ = false;
};

TEST_F(ScrubberTest, ReadsEverythingAndFindsNothingWrong) {
  add("small");
  add("");
  add_large(3);
  const ScrubProgress done = scrub();
  EXPECT_EQ(done.blobs, 5U);
  EXPECT_EQ(done.bytes, store_->usage().bytes);
  EXPECT_EQ(done.all_bytes, done.bytes);
  EXPECT_EQ(done.damaged, 0U);
  EXPECT_EQ(done.failure, "");
  EXPECT_EQ(read_, done.bytes);
  EXPECT_EQ(finished_, 1);
  EXPECT_THAT(found_, IsEmpty());
}

TEST_F(ScrubberTest, WalksAStoreOfManyPieces) {
  for (int i = 0; i < 2500; ++i) {
    add("blob " + std::to_string(i));
  }
  EXPECT_EQ(scrub().blobs, 2500U);
}

TEST_F(ScrubberTest, FindsABitInAFileABitInTheIndexAndAMissingFile) {
  const Sha256Digest small = add("small");
  const auto large = add_large(4);
  add("good");
  ASSERT_TRUE(files_.rot(file_of(large[0]), 12345));
  ASSERT_TRUE(files_.remove(file_of(large[2])));
  ASSERT_TRUE(index_.rot(Family::kBlobs, blob_key(small), 3));
  const ScrubProgress done = scrub();
  EXPECT_EQ(found_, (std::set<Sha256Digest>{large[0], large[2], small}));
  EXPECT_EQ(done.damaged, 3U);
  EXPECT_EQ(done.blobs, 6U);
  ASSERT_EQ(done.report.size(), 3U);
  EXPECT_EQ(done.failure, "");
}

TEST_F(ScrubberTest, FindsABitInAPackAndAMissingPack) {
  const std::vector<Sha256Digest> bad = add_pack('a');
  const std::vector<Sha256Digest> missing = add_pack('k');
  ASSERT_TRUE(files_.rot("/store/packs/1", 12345));
  ASSERT_TRUE(files_.remove("/store/packs/2"));
  const ScrubProgress done = scrub();
  EXPECT_EQ(done.failure, "");
  EXPECT_EQ(done.blobs, 10U);
  EXPECT_EQ(done.damaged, 6U);
  EXPECT_EQ(found_.size(), 6U);
  EXPECT_TRUE(std::ranges::includes(found_, missing));
  EXPECT_TRUE(
      std::ranges::any_of(bad, [&](const auto& digest) { return found_.contains(digest); }));
}

TEST_F(ScrubberTest, FindsAFalseAlias) {
  const Sha256Digest digest = add("small");
  auto info = store_->find(digest).value().value();
  info.aliases = {hash(DigestAlgorithm::kMd5, as_bytes("other"))};
  Batch batch;
  batch.put(Family::kBlobInfo, blob_key(digest),
            write_stored(info, {proto::StoredBlob::INLINE, {}}));
  ASSERT_TRUE(index_.write(batch, Durability::kSynced));
  scrub();
  EXPECT_EQ(found_, std::set<Sha256Digest>{digest});
}

TEST_F(ScrubberTest, ABadPlaceOnTheDiskIsDamageToo) {
  const auto large = add_large(20);
  plan_.fail_when([&](Operation operation, const std::string& thing) {
    return operation == Operation::kRead && thing == file_of(large[5]).string() ? EIO : 0;
  });
  EXPECT_EQ(scrub().failure, "");
  EXPECT_EQ(found_, std::set<Sha256Digest>{large[5]});
}

TEST_F(ScrubberTest, ADiskThatFailsAltogetherCostsNoBlob) {
  add_large(20);
  plan_.fail_when([&](Operation operation, const std::string& thing) {
    return operation == Operation::kRead && thing.starts_with("/store/blobs") ? EIO : 0;
  });
  EXPECT_THAT(scrub().failure, HasSubstr("8 blobs in a row"));
  EXPECT_THAT(found_, IsEmpty());
}

TEST_F(ScrubberTest, AWantOfDescriptorsIsNoDamage) {
  add_large(2);
  plan_.fail_when([](Operation operation, const std::string&) {
    return operation == Operation::kOpen ? EMFILE : 0;
  });
  EXPECT_NE(scrub().failure, "");
  EXPECT_THAT(found_, IsEmpty());
}

TEST_F(ScrubberTest, EndsWhenTheIndexFails) {
  add("small");
  plan_.fail_when([](Operation operation, const std::string&) {
    return operation == Operation::kStoreRead ? EIO : 0;
  });
  EXPECT_NE(scrub().failure, "");
}

TEST_F(ScrubberTest, EndsWhenWhatItFoundCannotBeTakenOut) {
  ASSERT_TRUE(files_.rot(file_of(add_large(1)[0]), 0));
  found_fails_ = true;
  const ScrubProgress done = scrub();
  EXPECT_THAT(done.failure, HasSubstr("index"));
  EXPECT_EQ(done.damaged, 0U);
}

TEST_F(ScrubberTest, GoesOnWhenAskedAgainAndStopsAtOnce) {
  add_large(3);
  Scrubber scrubber(*store_, clock_, {.bytes_per_second = 1},  // a day for each
                    {.found = [](const auto&) { return std::vector<std::string>(); },
                     .read = [](std::uint64_t) {},
                     .finished = [](const ScrubProgress&) {}});
  EXPECT_TRUE(scrubber.start());
  EXPECT_FALSE(scrubber.start());
  scrubber.stop();
  const ScrubProgress stopped = scrubber.progress();
  EXPECT_FALSE(stopped.running);
  EXPECT_THAT(stopped.failure, HasSubstr("stopping"));
  EXPECT_TRUE(scrubber.start());
}

}  // namespace
}  // namespace sluice::store
