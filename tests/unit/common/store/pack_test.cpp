// Small blobs that come in bulk, in packs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <thread>
#include <utility>

#include "tests/support/temporary_folder.h"
#include "tests/unit/common/store/blob_store_fixture.h"
#include "tests/unit/common/store/passing_store.h"

namespace sluice::store {
namespace {

using test::Operation;
using testing::HasSubstr;

class PackTest : public BlobStoreFixture {
 protected:
  PackTest() { open().value(); }

  static std::string packed(char fill) { return std::string(60'000, fill); }
  // Enough for a pack: the blobs "a", "b", …
  static std::vector<NewBlob> enough(char from = 'a') {
    std::vector<NewBlob> blobs;
    for (char fill = from; fill < from + 5; ++fill) {
      blobs.push_back(inline_blob(packed(fill)));
    }
    return blobs;
  }
  BlobPlace place_of(const std::string& bytes) const {
    const std::string key = blob_key(info(bytes).digest);
    return read_stored(key, index_.get(Family::kBlobInfo, key).value().value()).value().place;
  }
  bool is_inline(const std::string& bytes) const {
    const auto value = index_.get(Family::kBlobs, blob_key(info(bytes).digest)).value();
    EXPECT_EQ(value.has_value(), place_of(bytes).kind == proto::StoredBlob::INLINE);
    return value.has_value();
  }
  std::filesystem::path pack_of(const std::string& bytes) const {
    return folder_ / "packs" / std::to_string(place_of(bytes).in_pack.pack);
  }
};

TEST_F(PackTest, HoldsTheSmallBlobsOfACommitAndTheyAreReadBack) {
  std::vector<NewBlob> blobs = enough();
  blobs.push_back(file_blob(packed('f')).value());
  blobs.push_back(file_blob(large('x')).value());
  plan_.clear();
  ASSERT_TRUE(store_->commit(blobs));
  EXPECT_EQ(files_below("packs"), 1U);
  EXPECT_EQ(files_below("blobs"), 1U);
  EXPECT_EQ(files_below("staging"), 0U);
  EXPECT_EQ(std::ranges::count(plan_.changed(), Operation::kSync), 2);  // the pack and the file
  for (const bool again : {false, true}) {
    for (const char fill : {'a', 'b', 'c', 'd', 'e', 'f'}) {
      EXPECT_FALSE(is_inline(packed(fill)));
      EXPECT_EQ(pack_of(packed(fill)), pack_of(packed('a')));
      EXPECT_EQ(place_of(packed(fill)).in_pack.offset % PackFolder::kBlockBytes, 0U);
      EXPECT_EQ(read(info(packed(fill)).digest), packed(fill));
      EXPECT_EQ(store_->open(info(packed(fill)).digest).value()->descriptor(), -1);
    }
    if (!again) {
      crash(test::Loss::kAll, test::Loss::kAll);
      ASSERT_TRUE(open());
    }
  }
}

TEST_F(PackTest, HoldsNeitherFewBytesNorTinyBlobs) {
  const std::string whole(limits::kInlineBlobBytes, 'w');
  std::vector<NewBlob> blobs;
  std::size_t together = 0;
  for (char fill = 'a'; fill < 'e'; ++fill) {
    std::string bytes(whole.size(), fill);
    bytes.resize(fill == 'a' ? bytes.size() - 1 : bytes.size());
    together += bytes.size();
    blobs.push_back(inline_blob(bytes));
  }
  ASSERT_EQ(together + 1, PackFolder::kMinPackBytes);
  const std::string tiny(PackFolder::kMinBlobBytes - 1, 't');
  blobs.push_back(inline_blob(tiny));
  ASSERT_TRUE(store_->commit(blobs));
  EXPECT_EQ(files_below("packs"), 0U);
  EXPECT_TRUE(is_inline(tiny));

  const std::string least(PackFolder::kMinBlobBytes, 'l');
  blobs.clear();
  for (char fill = 'f'; fill < 'i'; ++fill) {
    blobs.push_back(inline_blob(std::string(whole.size(), fill)));
  }
  blobs.push_back(inline_blob(std::string(whole.size() - least.size(), 'i')));
  blobs.push_back(inline_blob(least));
  blobs.push_back(inline_blob(std::string(tiny.size(), 'u')));
  ASSERT_TRUE(store_->commit(blobs));
  EXPECT_EQ(files_below("packs"), 1U);
  EXPECT_FALSE(is_inline(least));
  EXPECT_TRUE(is_inline(std::string(tiny.size(), 'u')));
  for (const NewBlob& blob : blobs) {
    EXPECT_TRUE(store_->verify(blob.info.digest));
  }
}

TEST_F(PackTest, ALargestInlineBlobOfBeforeIsReadAsItIs) {
  const std::string bytes(limits::kInlineBlobBytes, 'x');
  Batch batch;
  batch.put(Family::kBlobs, blob_key(info(bytes).digest), bytes);
  batch.put(Family::kBlobInfo, blob_key(info(bytes).digest),
            write_stored(info(bytes), {proto::StoredBlob::INLINE, {}}));
  ASSERT_TRUE(index_.write(batch, Durability::kSynced));
  ASSERT_TRUE(open());
  EXPECT_EQ(read(info(bytes).digest), bytes);
  std::vector<NewBlob> blobs = enough();
  blobs.push_back(inline_blob(bytes));
  ASSERT_TRUE(store_->commit(blobs));
  EXPECT_TRUE(is_inline(bytes));
}

TEST_F(PackTest, HoldsABlobOnceThatComesTwice) {
  std::vector<NewBlob> blobs = enough();
  blobs.push_back(inline_blob(packed('a')));
  blobs.push_back(file_blob(packed('b')).value());
  ASSERT_TRUE(store_->commit(blobs));
  EXPECT_EQ(store_->usage().blobs, 5U);
  ASSERT_TRUE(store_->commit(enough('b')));  // one of them is new
  EXPECT_TRUE(is_inline(packed('f')));
  EXPECT_EQ(files_below("packs"), 1U);
  EXPECT_EQ(files_below("staging"), 0U);
  EXPECT_EQ(files_.files_below(folder_ / "packs").front(), pack_of(packed('e')));
}

TEST_F(PackTest, CommitsAndRemovalsOfManyThreadsCountEachBlobOnce) {
  for (const bool removing : {false, true}) {
    std::vector<std::thread> threads;
    for (char thread = 0; thread < 4; ++thread) {
      threads.emplace_back([this, thread, removing] {
        for (char i = 0; i < 20; ++i) {
          const char fill = static_cast<char>('A' + (removing ? i : i / 4 * 4 + (i + thread) % 4));
          if (removing) {
            EXPECT_TRUE(store_->remove(info(packed(fill)).digest));
          } else {
            EXPECT_TRUE(store_->commit(enough(fill)));
          }
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    EXPECT_EQ(store_->usage().blobs, removing ? 4U : 24U);
  }
  for (char fill = 'A'; fill < 'A' + 24; ++fill) {
    ASSERT_TRUE(store_->remove(info(packed(fill)).digest));
  }
  EXPECT_EQ(files_below("packs"), 0U);
  EXPECT_EQ(store_->usage().bytes, 0U);
}

TEST_F(PackTest, FreesABlobsBlocksAtOnceAndTheFileWithTheLast) {
  ASSERT_TRUE(store_->commit(enough()));
  const auto pack = pack_of(packed('a'));
  const std::uint64_t before = files_.allocated_bytes(pack).value();
  ASSERT_TRUE(store_->remove(info(packed('b')).digest));
  EXPECT_LE(files_.allocated_bytes(pack).value() + packed('b').size(), before);
  for (const char fill : {'a', 'c', 'd', 'e'}) {
    EXPECT_EQ(read(info(packed(fill)).digest), packed(fill));
  }
  for (const char fill : {'a', 'c', 'd', 'e'}) {
    EXPECT_EQ(files_below("packs"), 1U);
    ASSERT_TRUE(store_->remove(info(packed(fill)).digest));
  }
  EXPECT_EQ(files_below("packs"), 0U);
}

// On a file system that can: ext4, xfs, btrfs and tmpfs do.
TEST_F(PackTest, FreesBlocksOfARealDisk) {
  const test::TemporaryFolder folder;
  FileSystem& disk = posix_file_system();
  const auto store = DiskBlobStore::open(index_, disk, folder.path()).value();
  ASSERT_TRUE(store->commit(enough()));
  const auto pack = folder.path() / "packs" / std::to_string(place_of(packed('a')).in_pack.pack);
  const std::uint64_t before = disk.allocated_bytes(pack).value();
  EXPECT_GE(before, 5 * packed('a').size());
  ASSERT_TRUE(store->remove(info(packed('b')).digest));
  EXPECT_LE(disk.allocated_bytes(pack).value() + packed('b').size(), before);
  for (const char fill : {'a', 'c', 'd', 'e'}) {
    EXPECT_TRUE(store->verify(info(packed(fill)).digest));
  }
  store->drop_from_cache(info(packed('a')).digest);
  EXPECT_TRUE(store->verify(info(packed('a')).digest));
}

TEST_F(PackTest, StaysReadableForAReaderWhenItIsRemoved) {
  ASSERT_TRUE(store_->commit(enough()));
  const auto reader = store_->open(info(packed('a')).digest).value();
  for (const char fill : {'a', 'b', 'c', 'd', 'e'}) {
    ASSERT_TRUE(store_->remove(info(packed(fill)).digest));
    Bytes bytes(reader->size());
    ASSERT_TRUE(reader->read_at(0, bytes));
    EXPECT_EQ(as_text(bytes), packed('a'));
  }
}

// Something happens right after the next look at an entry.
class InterruptedStore final : public PassingStore {
 public:
  using PassingStore::PassingStore;
  mutable std::function<void()> then;

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override {
    auto value = PassingStore::get(family, key);
    if (family == Family::kBlobInfo && then) {
      std::exchange(then, {})();
    }
    return value;
  }
};

TEST_F(PackTest, ABlobThatIsRemovedWhileItIsOpenedIsNotFoundAndNeverZeros) {
  InterruptedStore index(index_);
  store_ = DiskBlobStore::open(index, files_, folder_).value();
  ASSERT_TRUE(store_->commit(enough()));
  index.then = [this] { ASSERT_TRUE(store_->remove(info(packed('a')).digest)); };
  EXPECT_EQ(read(info(packed('a')).digest), "not-found");
  index.then = [this] {
    ASSERT_TRUE(store_->remove(info(packed('b')).digest));
    std::vector<NewBlob> again = enough('k');
    again.push_back(inline_blob(packed('b')));
    ASSERT_TRUE(store_->commit(again));
  };
  EXPECT_EQ(read(info(packed('b')).digest), packed('b'));
  EXPECT_EQ(files_below("packs"), 2U);
  store_.reset();  // before its index
}

TEST_F(PackTest, ThatIsGoneOrShortIsNamedAndMended) {
  for (const bool gone : {true, false}) {
    ASSERT_TRUE(store_->commit(enough()));
    const auto pack = pack_of(packed('a'));
    ASSERT_TRUE(files_.remove(pack));
    if (!gone) {
      ASSERT_TRUE(files_.open_for_writing(pack).value()->write_at(0, as_bytes("short")));
    }
    const auto opened = store_->open(info(packed('a')).digest);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kIntegrity);
    EXPECT_THAT(opened.error().thing, HasSubstr(info(packed('a')).digest.hex()));
    EXPECT_THAT(opened.error().cause, HasSubstr(pack.string()));
    EXPECT_EQ(store_->verify(info(packed('b')).digest).error().code, ErrorCode::kIntegrity);
    ASSERT_TRUE(open());
    if (!gone) {  // as scrub does with what is damaged
      for (const NewBlob& blob : enough()) {
        ASSERT_TRUE(store_->remove(blob.info.digest));
      }
    }
    ASSERT_TRUE(commit(inline_blob(packed('a'))));
    EXPECT_TRUE(is_inline(packed('a')));
    ASSERT_TRUE(store_->commit(enough()));
    EXPECT_EQ(store_->usage().blobs, 5U);
    ASSERT_TRUE(open());
    for (const NewBlob& blob : enough()) {
      EXPECT_TRUE(store_->verify(blob.info.digest));
      ASSERT_TRUE(store_->remove(blob.info.digest));
    }
    EXPECT_EQ(files_below("packs"), 0U);
  }
}

TEST_F(PackTest, DamageIsToldAndMended) {
  ASSERT_TRUE(store_->commit(enough()));
  ASSERT_TRUE(files_.rot(pack_of(packed('c')), place_of(packed('c')).in_pack.offset * 8 + 77));
  EXPECT_EQ(store_->verify(info(packed('c')).digest).error().code, ErrorCode::kIntegrity);
  EXPECT_TRUE(store_->verify(info(packed('b')).digest));
  EXPECT_TRUE(store_->verify(info(packed('d')).digest));
  ASSERT_TRUE(store_->remove(info(packed('c')).digest));
  ASSERT_TRUE(commit(inline_blob(packed('c'))));
  EXPECT_TRUE(store_->verify(info(packed('c')).digest));
}

TEST_F(PackTest, AStartRemovesOneWithoutBlobsAndNothingElse) {
  ASSERT_TRUE(store_->commit(enough()));
  for (const char* name : {"17", "17.txt", "x"}) {
    const auto file = files_.open_for_writing(folder_ / "packs" / name).value();
    ASSERT_TRUE(file->write_at(0, as_bytes("bytes")));
  }
  ASSERT_TRUE(open());
  EXPECT_FALSE(files_.exists(folder_ / "packs/17").value());
  EXPECT_EQ(files_below("packs"), 3U);
  ASSERT_TRUE(store_->commit(enough('k')));
  EXPECT_EQ(place_of(packed('k')).in_pack.pack, 18U);
  EXPECT_EQ(read(info(packed('a')).digest), packed('a'));
}

TEST_F(PackTest, AStartMakesAHoleThatACrashHasLost) {
  ASSERT_TRUE(store_->commit(enough()));
  const auto pack = pack_of(packed('a'));
  ASSERT_TRUE(store_->remove(info(packed('b')).digest));
  ASSERT_TRUE(store_->remove(info(packed('e')).digest));
  const std::uint64_t freed = files_.allocated_bytes(pack).value();
  crash(test::Loss::kAll, test::Loss::kAll);
  ASSERT_GE(files_.allocated_bytes(pack).value(), freed + 2 * packed('b').size());
  ASSERT_TRUE(open());
  EXPECT_EQ(files_.allocated_bytes(pack).value(), freed);
  for (const char fill : {'a', 'c', 'd'}) {
    EXPECT_EQ(read(info(packed(fill)).digest), packed(fill));
  }
}

// A disk on which the index is not written any more must not be filled with packs.
TEST_F(PackTest, AFailedBatchLeavesOnePackUntilAnotherIsWritten) {
  plan_.fail_when([](Operation operation, const std::string&) {
    return operation == Operation::kStoreWrite ? ENOSPC : 0;
  });
  for (int attempt = 0; attempt < 5; ++attempt) {
    EXPECT_EQ(store_->commit(enough()).error().code, ErrorCode::kExhausted);
    EXPECT_EQ(files_below("packs"), 1U);
  }
  plan_.clear();
  ASSERT_TRUE(store_->commit(enough()));
  EXPECT_TRUE(is_inline(packed('a')));
  EXPECT_EQ(files_below("packs"), 0U);
  ASSERT_TRUE(store_->commit(enough('k')));
  EXPECT_FALSE(is_inline(packed('k')));
}

TEST_F(PackTest, OneThatCannotBeWrittenIsRemovedAtOnce) {
  for (const Operation failing : {Operation::kWrite, Operation::kSync, Operation::kSyncFolder}) {
    plan_.fail_when([&](Operation operation, const std::string& thing) {
      return operation == failing && thing.starts_with((folder_ / "packs").string()) ? ENOSPC : 0;
    });
    EXPECT_EQ(store_->commit(enough()).error().code, ErrorCode::kExhausted);
    EXPECT_EQ(files_below("packs"), 0U);
    EXPECT_EQ(store_->usage().blobs, 0U);
  }
  plan_.clear();
  ASSERT_TRUE(store_->commit(enough()));
  EXPECT_FALSE(is_inline(packed('a')));
}

TEST_F(PackTest, APlaceThatCannotBeIsDamage) {
  ASSERT_TRUE(store_->commit(enough()));
  const std::string key = blob_key(info(packed('a')).digest);
  const BlobPlace good = place_of(packed('a'));
  for (const PackPlace& place :
       {PackPlace{0, 4096}, PackPlace{1, 4095}, PackPlace{1, ~4095ULL}, PackPlace{~0ULL, 4096}}) {
    EXPECT_FALSE(read_stored(key, write_stored(info(packed('a')), {good.kind, place})))
        << place.pack;
  }
  BlobInfo huge = info(packed('a'));
  huge.size = limits::kInlineBlobBytes + 1;
  EXPECT_FALSE(read_stored(key, write_stored(huge, good)));
  EXPECT_FALSE(
      read_stored(key, write_stored(info(packed('a')), {proto::StoredBlob::INLINE, good.in_pack})));
}

}  // namespace
}  // namespace sluice::store
