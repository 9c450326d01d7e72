#include "highside/commit/committer.h"

#include <gmock/gmock.h>

#include <future>

#include "common/base/hasher.h"
#include "common/store/disk_blob_store.h"
#include "tests/support/events.h"
#include "tests/support/memory_store.h"
#include "tests/support/temporary_folder.h"

namespace sluice::high {

// Stands in for the one that may make verified blobs, which is not linked here.
class Assembler {
 public:
  static VerifiedBlob verified(store::NewBlob blob) { return {{}, std::move(blob)}; }
};

namespace {

using observe::Metric;
using testing::SizeIs;

store::NewBlob small_blob(const std::string& text) {
  const ByteView bytes = as_bytes(text);
  return {{sha256(bytes), bytes.size(), {}}, Bytes(bytes.begin(), bytes.end())};
}

// A store whose commits wait until they are let through.
class GatedStore final : public store::BlobStore {
 public:
  explicit GatedStore(store::BlobStore& inner) : inner_(inner) {}
  using BlobStore::commit;
  Result<void> commit(const std::vector<store::NewBlob>& blobs,
                      const store::Batch& along) override {
    {
      std::unique_lock lock(mutex_);
      groups_.push_back(blobs.size());
      changed_.notify_all();
      changed_.wait(lock, [&] { return open_; });
    }
    return inner_.commit(blobs, along);
  }
  void wait_for_a_group() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !groups_.empty(); });
  }
  void open_gate() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  std::vector<std::size_t> groups() const {
    const std::lock_guard lock(mutex_);
    return groups_;
  }

  Result<std::optional<store::BlobInfo>> find(const Sha256Digest& digest) const override {
    return inner_.find(digest);
  }
  Result<std::optional<Sha256Digest>> resolve(const Digest& alias) const override {
    return inner_.resolve(alias);
  }
  Result<std::unique_ptr<store::BlobReader>> open(const Sha256Digest& digest) const override {
    return inner_.open(digest);
  }
  Result<void> remove(const Sha256Digest& digest) override { return inner_.remove(digest); }
  Result<void> for_each(const Sha256Digest& from,
                        const std::function<bool(const store::BlobInfo&)>& each) const override {
    return inner_.for_each(from, each);
  }
  StagingPath new_staging_path() override { return inner_.new_staging_path(); }
  Usage usage() const override { return inner_.usage(); }

 private:
  store::BlobStore& inner_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> groups_;
  bool open_ = false;
};

class Listener final : public DurableListener {
 public:
  void durable(const std::vector<Sha256Digest>& blobs) override {
    const std::lock_guard lock(mutex_);
    durable_.insert(durable_.end(), blobs.begin(), blobs.end());
    changed_.notify_all();
  }
  void given_up(const Sha256Digest& blob) override {
    const std::lock_guard lock(mutex_);
    given_up_.push_back(blob);
    changed_.notify_all();
  }
  void wait_for(std::size_t durable, std::size_t given_up) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return durable_.size() == durable && given_up_.size() == given_up; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Sha256Digest> durable_;
  std::vector<Sha256Digest> given_up_;
};

class CommitterTest : public testing::Test {
 protected:
  Committer& make(store::BlobStore& store, CommitterSettings settings = {}) {
    settings.retry_every = std::chrono::milliseconds(1);
    committer_ = std::make_unique<Committer>(store, index_, counters_, events_, settings);
    committer_->listen(listener_);
    committer_->start();
    return *committer_;
  }

  test::TemporaryFolder folder_;
  test::FaultPlan plan_;
  test::MemoryStore index_{plan_};
  std::unique_ptr<store::BlobStore> store_ =
      store::DiskBlobStore::open(index_, posix_file_system(), folder_ / "store").value();
  observe::Counters counters_;
  test::RecordedEvents events_;
  Listener listener_;
  std::unique_ptr<Committer> committer_;
};

TEST_F(CommitterTest, WhatGathersDuringASyncIsOneGroup) {
  GatedStore gated(*store_);
  Committer& committer = make(gated);
  ASSERT_TRUE(committer.accept(Assembler::verified(small_blob("0")), {}));
  gated.wait_for_a_group();
  for (const char* text : {"1", "2", "3", "4", "5"}) {
    ASSERT_TRUE(committer.accept(Assembler::verified(small_blob(text)), {}));
  }
  EXPECT_EQ(committer.status().queued_blobs, 5U);
  EXPECT_EQ(committer.status().queued_bytes, 5U);
  gated.open_gate();
  listener_.wait_for(6, 0);
  EXPECT_THAT(gated.groups(), testing::ElementsAre(1, 5));
  EXPECT_EQ(counters_.get(Metric::kCommittedBlobs), 6U);
  EXPECT_EQ(counters_.get(Metric::kCommittedBytes), 6U);
  committer.stop();
}

TEST_F(CommitterTest, GroupsAndQueueAreBounded) {
  GatedStore gated(*store_);
  CommitterSettings settings;
  settings.group_blobs = 2;
  settings.queue_blobs = 3;
  Committer& committer = make(gated, settings);
  ASSERT_TRUE(committer.accept(Assembler::verified(small_blob("0")), {}));
  gated.wait_for_a_group();
  for (const char* text : {"1", "2", "3"}) {
    ASSERT_TRUE(committer.accept(Assembler::verified(small_blob(text)), {}));
  }
  auto waiting = std::async(std::launch::async, [&] {
    return committer.accept(Assembler::verified(small_blob("4")), {});
  });
  gated.open_gate();
  EXPECT_TRUE(waiting.get());
  listener_.wait_for(5, 0);
  for (const std::size_t group : gated.groups()) {
    EXPECT_LE(group, 2U);
  }
  committer.stop();
}

TEST_F(CommitterTest, AFullDiskTurnsAwayWhatDoesNotFitTheQueueAndKeepsTheRest) {
  CommitterSettings settings;
  settings.queue_blobs = 1;
  plan_.fail_from(0, ENOSPC);
  Committer& committer = make(*store_, settings);
  ASSERT_TRUE(committer.accept(Assembler::verified(small_blob("in hand")), {}));
  while (!committer.status().stalled) {
    std::this_thread::yield();
  }
  ASSERT_TRUE(committer.accept(Assembler::verified(small_blob("queued")), {}));
  VerifiedBlob third = Assembler::verified(small_blob("turned away"));
  EXPECT_FALSE(committer.accept(std::move(third), {}));
  EXPECT_THAT(std::get<Bytes>(third.blob().content), SizeIs(11));  // NOLINT: untouched, as promised
  EXPECT_GE(counters_.get(Metric::kStoreDiskFull), 1U);
  EXPECT_NE(committer.status().trouble, "");

  plan_.clear();
  listener_.wait_for(2, 0);
  EXPECT_FALSE(committer.status().stalled);
  EXPECT_TRUE(committer.accept(std::move(third), {}));
  listener_.wait_for(3, 0);
  EXPECT_THAT(events_.named("store.stalled"), SizeIs(1));
  EXPECT_THAT(events_.named("store.recovered"), SizeIs(1));
}

TEST_F(CommitterTest, OneThatCannotBeStoredDoesNotHoldUpTheOthers) {
  GatedStore gated(*store_);
  Committer& committer = make(gated);
  ASSERT_TRUE(committer.accept(Assembler::verified(small_blob("first")), {}));
  gated.wait_for_a_group();
  store::Batch along;
  along.remove(store::Family::kParts, "lost");
  store::NewBlob lost{{sha256(as_bytes("lost")), 4, {}}, StagingPath(folder_ / "not there")};
  ASSERT_TRUE(committer.accept(Assembler::verified(small_blob("before")), {}));
  ASSERT_TRUE(committer.accept(Assembler::verified(std::move(lost)), along));
  ASSERT_TRUE(committer.accept(Assembler::verified(small_blob("after")), {}));
  gated.open_gate();
  listener_.wait_for(3, 1);
  EXPECT_THAT(events_.named("blob.given-up"), SizeIs(1));
  EXPECT_TRUE(store_->find(sha256(as_bytes("after"))).value());
  committer.stop();
}

TEST_F(CommitterTest, StoppingCommitsWhatIsQueuedAndWhatComesAlong) {
  Committer& committer = make(*store_);
  store::Batch along;
  along.put(store::Family::kMeta, "along", "yes");
  ASSERT_TRUE(committer.accept(Assembler::verified(small_blob("last")), along));
  committer.stop();
  EXPECT_TRUE(store_->find(sha256(as_bytes("last"))).value());
  EXPECT_EQ(index_.get(store::Family::kMeta, "along").value(), "yes");
  EXPECT_FALSE(committer.accept(Assembler::verified(small_blob("late")), {}));
}

}  // namespace
}  // namespace sluice::high
