#include "common/store/disk_blob_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <thread>

#include "tests/support/temporary_folder.h"
#include "tests/unit/common/store/blob_store_fixture.h"

namespace sluice::store {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

class DiskBlobStoreTest : public BlobStoreFixture {
 protected:
  DiskBlobStoreTest() { open().value(); }
  std::filesystem::path file_of(const std::string& bytes) const {
    const std::string hex = info(bytes).digest.hex();
    return folder_ / "blobs" / hex.substr(0, 2) / hex.substr(2, 2) / hex;
  }
};

TEST_F(DiskBlobStoreTest, KeepsSmallBlobsInTheIndexAndLargeOnesAsFiles) {
  ASSERT_TRUE(commit(inline_blob("small")));
  ASSERT_TRUE(commit(file_blob("small too").value()));
  ASSERT_TRUE(commit(file_blob(large('x')).value()));
  EXPECT_EQ(files_below("blobs"), 1U);
  EXPECT_EQ(files_below("staging"), 0U);
  EXPECT_EQ(read(info("small").digest), "small");
  EXPECT_EQ(read(info("small too").digest), "small too");
  EXPECT_EQ(read(info(large('x')).digest), large('x'));
  EXPECT_FALSE(files_.open_for_writing(file_of(large('x'))));  // read-only
  EXPECT_EQ(store_->open(info("small").digest).value()->descriptor(), -1);
  EXPECT_FALSE(notes());
}

TEST_F(DiskBlobStoreTest, FindsByEveryDigest) {
  const std::string bytes = "some bytes";
  const Digest sha512 = hash(DigestAlgorithm::kSha512, as_bytes(bytes));
  ASSERT_TRUE(commit(inline_blob(bytes, {sha512})));
  EXPECT_EQ(store_->resolve(sha512).value(), info(bytes).digest);
  EXPECT_EQ(store_->resolve(info(bytes).digest).value(), info(bytes).digest);
  EXPECT_EQ(store_->find(info(bytes).digest).value()->aliases, std::vector{sha512});
  EXPECT_FALSE(store_->resolve(info("other").digest).value());
  EXPECT_FALSE(store_->find(info("other").digest).value());
  EXPECT_EQ(read(info("other").digest), "not-found");
}

TEST_F(DiskBlobStoreTest, AddsAliasesToABlobThatIsThere) {
  const Digest md5 = hash(DigestAlgorithm::kMd5, as_bytes(large('x')));
  const Digest sha1 = hash(DigestAlgorithm::kSha1, as_bytes(large('x')));
  ASSERT_TRUE(commit(file_blob(large('x'), {md5}).value()));
  ASSERT_TRUE(commit(file_blob(large('x'), {md5, sha1}).value()));
  EXPECT_EQ(store_->find(info(large('x')).digest).value()->aliases, (std::vector{md5, sha1}));
  EXPECT_EQ(store_->usage().blobs, 1U);
  EXPECT_EQ(files_below("staging"), 0U);
}

TEST_F(DiskBlobStoreTest, AWeakAliasKeepsItsFirstBlob) {
  const Digest collision = hash(DigestAlgorithm::kMd5, as_bytes("either"));
  ASSERT_TRUE(commit(inline_blob("first", {collision})));
  ASSERT_TRUE(commit(inline_blob("second", {collision})));
  EXPECT_EQ(store_->resolve(collision).value(), info("first").digest);
  ASSERT_TRUE(store_->remove(info("second").digest));
  EXPECT_EQ(store_->resolve(collision).value(), info("first").digest);
  ASSERT_TRUE(store_->remove(info("first").digest));
  EXPECT_FALSE(store_->resolve(collision).value());
}

// More than are open at once; and however many, each file and each folder is synced once.
TEST_F(DiskBlobStoreTest, SyncsEachFileAndEachFolderOfACommitOnce) {
  std::vector<NewBlob> blobs;
  std::set<std::filesystem::path> folders{folder_ / "blobs"};
  for (char fill = '0'; fill < '0' + 70; ++fill) {
    blobs.push_back(file_blob(large(fill)).value());
    folders.insert(file_of(large(fill)).parent_path());
    folders.insert(file_of(large(fill)).parent_path().parent_path());
  }
  plan_.clear();
  ASSERT_TRUE(store_->commit(std::move(blobs)));
  EXPECT_EQ(std::ranges::count(plan_.changed(), test::Operation::kSync), 70);
  EXPECT_EQ(std::ranges::count(plan_.changed(), test::Operation::kSyncFolder),
            static_cast<std::ptrdiff_t>(folders.size()));
  crash(test::Loss::kAll, test::Loss::kAll);
  ASSERT_TRUE(open());
  for (char fill = '0'; fill < '0' + 70; ++fill) {
    EXPECT_EQ(read(info(large(fill)).digest), large(fill));
  }
}

TEST_F(DiskBlobStoreTest, TakesOneBlobTwiceInOneCommit) {
  const Digest md5 = hash(DigestAlgorithm::kMd5, as_bytes(large('x')));
  std::vector<NewBlob> blobs;
  blobs.push_back(file_blob(large('x')).value());
  blobs.push_back(file_blob(large('x'), {md5}).value());
  blobs.push_back(inline_blob("small"));
  ASSERT_TRUE(store_->commit(std::move(blobs)));
  EXPECT_EQ(store_->usage().blobs, 2U);
  EXPECT_EQ(store_->usage().bytes, large('x').size() + 5);
  EXPECT_EQ(store_->resolve(md5).value(), info(large('x')).digest);
  EXPECT_EQ(files_below("staging"), 0U);
}

TEST_F(DiskBlobStoreTest, CountsOverReopening) {
  ASSERT_TRUE(commit(inline_blob("12345")));
  ASSERT_TRUE(commit(file_blob(large('x')).value()));
  ASSERT_TRUE(commit(inline_blob("123")));
  ASSERT_TRUE(store_->remove(info("123").digest));
  const auto before = store_->usage();
  EXPECT_EQ(before.blobs, 2U);
  EXPECT_EQ(before.bytes, large('x').size() + 5);
  ASSERT_TRUE(open());
  EXPECT_EQ(store_->usage().blobs, before.blobs);
  EXPECT_EQ(store_->usage().bytes, before.bytes);
}

TEST_F(DiskBlobStoreTest, RemovesBytesButNotUnderAReader) {
  ASSERT_TRUE(commit(inline_blob("small")));
  ASSERT_TRUE(commit(file_blob(large('x')).value()));
  const auto small = store_->open(info("small").digest).value();
  const auto file = store_->open(info(large('x')).digest).value();
  ASSERT_TRUE(store_->remove(info("small").digest));
  ASSERT_TRUE(store_->remove(info(large('x')).digest));
  Bytes bytes(5);
  EXPECT_TRUE(small->read_at(0, bytes));
  EXPECT_EQ(as_text(bytes), "small");
  EXPECT_TRUE(file->read_at(0, bytes));
  EXPECT_EQ(as_text(bytes), "xxxxx");
  EXPECT_EQ(read(info("small").digest), "not-found");
  EXPECT_EQ(files_below("blobs"), 0U);
  EXPECT_TRUE(store_->remove(info("small").digest));
  EXPECT_FALSE(notes());
}

TEST_F(DiskBlobStoreTest, RefusesReadsPastTheEnd) {
  ASSERT_TRUE(commit(inline_blob("small")));
  ASSERT_TRUE(commit(file_blob(large('x')).value()));
  Bytes two(2);
  for (const std::string& bytes : {std::string("small"), large('x')}) {
    const auto reader = store_->open(info(bytes).digest).value();
    EXPECT_TRUE(reader->read_at(bytes.size() - 2, two));
    EXPECT_EQ(reader->read_at(bytes.size() - 1, two).error().code, ErrorCode::kInvalid);
    EXPECT_EQ(reader->read_at(~std::uint64_t{0}, two).error().code, ErrorCode::kInvalid);
  }
}

TEST_F(DiskBlobStoreTest, RefusesAnotherSizeThanAnnounced) {
  NewBlob file = file_blob(large('x')).value();
  const auto path = std::get<StagingPath>(file.content);
  ++file.info.size;
  EXPECT_EQ(commit(std::move(file)).error().code, ErrorCode::kIntegrity);
  EXPECT_TRUE(files_.exists(path.value()).value());
  NewBlob small = inline_blob("small");
  --small.info.size;
  EXPECT_EQ(commit(std::move(small)).error().code, ErrorCode::kIntegrity);
  EXPECT_EQ(store_->usage().blobs, 0U);
}

TEST_F(DiskBlobStoreTest, VerifyTellsDamage) {
  const Digest md5 = hash(DigestAlgorithm::kMd5, as_bytes(large('x')));
  ASSERT_TRUE(commit(file_blob(large('x'), {md5}).value()));
  ASSERT_TRUE(commit(inline_blob("small")));
  EXPECT_TRUE(store_->verify(info(large('x')).digest));
  EXPECT_TRUE(store_->verify(info("small").digest));
  EXPECT_EQ(store_->verify(info("never held").digest).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(files_.rot(file_of(large('x')), 7));
  const auto damaged = store_->verify(info(large('x')).digest);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::kIntegrity);
  EXPECT_THAT(damaged.error().thing, HasSubstr(info(large('x')).digest.hex()));
}

TEST_F(DiskBlobStoreTest, NamesABlobWhoseFileIsGoneAndTakesItAgain) {
  ASSERT_TRUE(commit(file_blob(large('x')).value()));
  ASSERT_TRUE(files_.remove(file_of(large('x'))));
  const auto gone = store_->open(info(large('x')).digest);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::kIntegrity);
  ASSERT_TRUE(commit(file_blob(large('x')).value()));
  EXPECT_EQ(read(info(large('x')).digest), large('x'));
  EXPECT_EQ(store_->usage().blobs, 1U);
}

TEST_F(DiskBlobStoreTest, KeepsClaimedStagingFiles) {
  const auto claimed = std::get<StagingPath>(file_blob("claimed").value().content);
  const auto other = std::get<StagingPath>(file_blob("other").value().content);
  ASSERT_TRUE(open([&](const StagingPath& path) { return path == claimed; }));
  EXPECT_TRUE(files_.exists(claimed.value()).value());
  EXPECT_FALSE(files_.exists(other.value()).value());
  EXPECT_NE(store_->new_staging_path(), claimed);
}

TEST_F(DiskBlobStoreTest, ListsAllBlobs) {
  ASSERT_TRUE(commit(inline_blob("a")));
  ASSERT_TRUE(commit(inline_blob("b")));
  std::vector<Sha256Digest> seen;
  ASSERT_TRUE(store_->for_each([&](const BlobInfo& blob) {
    seen.push_back(blob.digest);
    return true;
  }));
  EXPECT_THAT(seen, UnorderedElementsAre(info("a").digest, info("b").digest));
}

TEST_F(DiskBlobStoreTest, CommitsOfManyThreadsCountEachBlobOnce) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([this] {
      for (int i = 0; i < 25; ++i) {
        EXPECT_TRUE(commit(inline_blob("blob " + std::to_string(i))));
        EXPECT_TRUE(commit(file_blob(large(static_cast<char>('a' + i))).value()));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(store_->usage().blobs, 50U);
  EXPECT_EQ(files_below("blobs"), 25U);
  EXPECT_EQ(files_below("staging"), 0U);
}

// For sendfile.
TEST_F(DiskBlobStoreTest, AFileOnARealDiskHasADescriptor) {
  const test::TemporaryFolder folder;
  const auto store = DiskBlobStore::open(index_, posix_file_system(), folder.path()).value();
  const StagingPath path = store->new_staging_path();
  ASSERT_TRUE(write_file_durably(posix_file_system(), path.value(), as_bytes(large('x'))));
  ASSERT_TRUE(store->commit({{info(large('x')), path}}));
  EXPECT_GE(store->open(info(large('x')).digest).value()->descriptor(), 0);
}

}  // namespace
}  // namespace sluice::store
