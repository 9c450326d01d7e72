// Which session of each stream is the newest, kept in the index over restarts.
#pragma once

#include "common/store/key_value_store.h"
#include "highside/receive/epoch_guard.h"

namespace sluice::high {

// kMeta "epoch/<stream>" is epoch and session, 8 bytes each, big-endian. One thread: the receiver's
// worker.
class StoredEpochs final : public EpochGuard {
 public:
  explicit StoredEpochs(store::KeyValueStore& index) : index_(index) {}
  Result<Contact> admit(const std::string& stream, Epoch epoch, SessionId session) override;

 private:
  store::KeyValueStore& index_;
};

}  // namespace sluice::high
