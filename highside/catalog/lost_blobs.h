// Which blobs of published shipments are not held any more, because scrub found them damaged: they
// are gaps until they arrive again. On disk: kMeta "lost/" and the SHA-256, a StoredLostBlob.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/store/blob_store.h"
#include "common/store/key_value_store.h"
#include "highside/catalog/ledger.h"
#include "sluice/shipment.pb.h"

namespace sluice::high {

struct LostBlob {
  Sha256Digest digest;
  proto::Blob blob;  // what its manifest says of it; empty where none is known to carry it
  std::string cause;
  UtcTime found;
  std::vector<ShipmentRef> carriers;   // shipments that bring it when they are sent again
  std::vector<std::string> documents;  // "npm left-pad": the first that name it
};

// One line for people: what it is, what is wrong, what needs it, what brings it back.
std::string describe(const LostBlob& blob);

// Callable from any thread. In memory about 1 KB each, and normally none.
class LostBlobs {
 public:
  explicit LostBlobs(store::KeyValueStore& index) : index_(index) {}

  Result<void> load();
  // Durable when it returns, and before the caller removes them from the store: else a crash
  // between would leave them missing and unnamed. On failure nothing has changed.
  Result<void> add(const std::vector<LostBlob>& blobs);
  // It is in the store again. False if it was not lost.
  bool found(const Sha256Digest& digest);
  // Writes what found() has changed, unsynced: after a crash they are looked at again.
  Result<void> save();

  bool contains(const Sha256Digest& digest) const;
  bool empty() const { return size_.load(std::memory_order_acquire) == 0; }
  std::size_t size() const { return size_.load(std::memory_order_acquire); }
  std::uint64_t changes() const { return changes_.load(std::memory_order_acquire); }
  std::vector<LostBlob> all() const;

 private:
  void changed();  // locked

  store::KeyValueStore& index_;
  mutable std::mutex mutex_;
  std::map<Sha256Digest, LostBlob> blobs_;
  std::set<Sha256Digest> found_;  // to be removed from the index
  std::atomic<std::size_t> size_ = 0;
  std::atomic<std::uint64_t> changes_ = 0;
};

}  // namespace sluice::high
