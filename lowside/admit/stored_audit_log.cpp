#include "lowside/admit/stored_audit_log.h"

#include <algorithm>
#include <boost/json.hpp>

namespace sluice::low {
namespace {

// Entries that one batch removes: a batch is held in memory.
constexpr std::size_t kTrimBatch = 10'000;

std::string key_from(UtcTime time) {
  std::string key;
  store::append_u64(key,
                    static_cast<std::uint64_t>(std::max<std::int64_t>(to_unix_micros(time), 0)));
  return key;
}

}  // namespace

Result<void> StoredAuditLog::record(const AuditEntry& entry) {
  std::string key = key_from(entry.time);
  store::append_u64(key, next_++);
  store::Batch batch;
  batch.put(store::Family::kEvents, std::move(key),
            boost::json::serialize(boost::json::object{{"time", format_rfc3339(entry.time)},
                                                       {"action", entry.action},
                                                       {"rule", entry.rule},
                                                       {"name", entry.name},
                                                       {"origin", entry.origin},
                                                       {"digest", entry.digest},
                                                       {"detail", entry.detail}}));
  return store_.write(batch, store::Durability::kUnsynced);
}

Result<void> StoredAuditLog::for_each(
    UtcTime from, const std::function<bool(const std::string& json)>& each) const {
  return store_.scan(
      store::Family::kEvents, "", key_from(from),
      [&](std::string_view, std::string_view value) { return each(std::string(value)); });
}

Result<std::uint64_t> StoredAuditLog::trim(UtcTime oldest_kept) {
  const std::string end = key_from(oldest_kept);
  std::uint64_t removed = 0;
  for (std::size_t in_batch = kTrimBatch; in_batch == kTrimBatch; removed += in_batch) {
    store::Batch batch;
    in_batch = 0;
    SLUICE_TRY_VOID(
        store_.scan(store::Family::kEvents, "", "", [&](std::string_view key, std::string_view) {
          if (key >= end || in_batch == kTrimBatch) {
            return false;
          }
          batch.remove(store::Family::kEvents, std::string(key));
          ++in_batch;
          return true;
        }));
    if (in_batch > 0) {
      SLUICE_TRY_VOID(store_.write(batch, store::Durability::kUnsynced));
    }
  }
  return removed;
}

}  // namespace sluice::low
