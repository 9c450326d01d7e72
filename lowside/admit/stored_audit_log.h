// The audit log in the spool's index: family kEvents, key = microseconds, then a number that tells
// entries of the same instant apart; value = a JSON object.
#pragma once

#include <atomic>

#include "common/store/key_value_store.h"
#include "lowside/pipeline/audit_log.h"

namespace sluice::low {

class StoredAuditLog final : public AuditLog {
 public:
  explicit StoredAuditLog(store::KeyValueStore& store) : store_(store) {}

  // Written unsynced: the index never holds a later write without this one, so that the blob, which
  // is written synced, is never durable without its entry.
  Result<void> record(const AuditEntry& entry) override;
  // Entries from `from` on, oldest first, until `each` returns false.
  Result<void> for_each(UtcTime from,
                        const std::function<bool(const std::string& json)>& each) const;
  // Removes what is older. Returns how many entries.
  Result<std::uint64_t> trim(UtcTime oldest_kept);

 private:
  store::KeyValueStore& store_;
  std::atomic<std::uint64_t> next_{0};
};

}  // namespace sluice::low
