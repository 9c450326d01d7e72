#include "lowside/daemon/epoch.h"

#include <algorithm>

namespace sluice::low {

Result<Epoch> next_epoch(store::KeyValueStore& index, const Clock& clock) {
  static constexpr std::string_view kKey = "epoch";
  SLUICE_TRY(const auto stored, index.get(store::Family::kMeta, kKey));
  std::uint64_t epoch = static_cast<std::uint64_t>(to_unix_micros(clock.utc_now()) / 1'000'000);
  if (stored) {
    std::string_view rest = *stored;
    epoch = std::max(epoch, store::read_u64(rest).value_or(0) + 1);
  }
  std::string value;
  store::append_u64(value, epoch);
  store::Batch batch;
  batch.put(store::Family::kMeta, std::string(kKey), std::move(value));
  SLUICE_TRY_VOID(index.write(batch, store::Durability::kSynced));
  return Epoch(epoch);
}

}  // namespace sluice::low
