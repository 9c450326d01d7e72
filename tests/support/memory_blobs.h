// A store of blobs and an outbox in memory: what the transmitter needs of the spool.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "common/store/blob_store.h"
#include "lowside/pipeline/outbox.h"

namespace sluice::test {

// Callable from any thread.
class MemoryBlobs final : public store::BlobStore {
 public:
  Sha256Digest add(Bytes content);
  // Its reader says that the disk fails.
  void break_reading(const Sha256Digest& digest);

  // Is called at the begin of each reading of a blob that is opened from now on.
  void while_reading(std::function<void()> hook);

  // Flips a bit of its last byte, as a disk that rots does.
  void damage(const Sha256Digest& digest);

  using BlobStore::commit;
  Result<void> commit(const std::vector<store::NewBlob>& blobs, const store::Batch& along) override;
  Result<std::optional<store::BlobInfo>> find(const Sha256Digest& digest) const override;
  Result<std::optional<Sha256Digest>> resolve(const Digest& alias) const override;
  Result<std::unique_ptr<store::BlobReader>> open(const Sha256Digest& digest) const override;
  Result<void> remove(const Sha256Digest& digest) override;
  using BlobStore::for_each;
  Result<void> for_each(const Sha256Digest& from,
                        const std::function<bool(const store::BlobInfo&)>& each) const override;
  StagingPath new_staging_path() override;
  Usage usage() const override;

 private:
  mutable std::mutex mutex_;
  std::map<Sha256Digest, std::shared_ptr<const Bytes>> blobs_;
  std::set<Sha256Digest> broken_;
  std::function<void()> while_reading_ = [] {};
};

// Passes of each urgency in the order in which they were put in. Callable from any thread.
class MemoryOutbox final : public low::Outbox {
 public:
  void put(low::OutgoingPass pass);
  void fail_marks(std::size_t times);
  // Until so many passes have been marked.
  void wait_for_marked(std::size_t count) const;
  std::vector<std::pair<ShipmentSequence, std::uint32_t>> marked() const;

  Result<std::optional<low::OutgoingPass>> next_due(UtcTime now, low::Urgency urgency,
                                                    const low::PassNames& under_way) override;
  Result<void> mark_sent(ShipmentSequence sequence, std::uint32_t pass, low::Urgency urgency,
                         UtcTime now) override;
  std::uint64_t changes() const override { return changes_; }
  ShipmentSequence highest_sent() const override;
  ShipmentSequence oldest_held() const override { return ShipmentSequence(1); }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<low::OutgoingPass> due_;
  std::vector<std::pair<ShipmentSequence, std::uint32_t>> marked_;
  std::size_t failing_marks_ = 0;
  std::atomic<std::uint64_t> changes_ = 0;
};

}  // namespace sluice::test
