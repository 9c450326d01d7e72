#include "lowside/daemon/epoch.h"

#include <algorithm>

namespace sluice::low {
namespace {

// The second that it is, or one more than the last if that is higher.
Result<std::uint64_t> next_number(store::KeyValueStore& index, std::string_view key,
                                  const Clock& clock) {
  SLUICE_TRY(const auto stored, index.get(store::Family::kMeta, key));
  std::uint64_t number = static_cast<std::uint64_t>(to_unix_micros(clock.utc_now()) / 1'000'000);
  if (stored) {
    std::string_view rest = *stored;
    number = std::max(number, store::read_u64(rest).value_or(0) + 1);
  }
  std::string value;
  store::append_u64(value, number);
  store::Batch batch;
  batch.put(store::Family::kMeta, std::string(key), std::move(value));
  SLUICE_TRY_VOID(index.write(batch, store::Durability::kSynced));
  return number;
}

}  // namespace

Result<Epoch> next_epoch(store::KeyValueStore& index, const Clock& clock) {
  SLUICE_TRY(const std::uint64_t number, next_number(index, "epoch", clock));
  return Epoch(number);
}

Result<std::uint64_t> next_bundle(store::KeyValueStore& index, const Clock& clock) {
  return next_number(index, "bundle", clock);
}

}  // namespace sluice::low
