// A KeyValueStore in memory that fails by plan, loses what was not synced, fills its disk, and
// rots. A batch is never torn: the real index drops a record of its log that does not check.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <random>

#include "common/store/key_value_store.h"
#include "tests/support/disk_space.h"
#include "tests/support/fault_plan.h"

namespace sluice::test {

class MemoryStore final : public store::KeyValueStore {
 public:
  MemoryStore() = default;
  // `plan` outlives the store.
  explicit MemoryStore(FaultPlan& plan) : plan_(&plan) {}
  // On a disk of this size, shared with files perhaps: a batch needs room for all of its keys and
  // values, also where it removes; then the store takes what its keys and values take.
  MemoryStore(FaultPlan& plan, std::shared_ptr<DiskSpace> space)
      : plan_(&plan), space_(std::move(space)) {}

  Result<std::optional<std::string>> get(store::Family family, std::string_view key) const override;
  Result<void> write(const store::Batch& batch, store::Durability durability) override;
  Result<void> scan(
      store::Family family, std::string_view prefix, std::string_view from,
      const std::function<bool(std::string_view, std::string_view)>& each) const override;
  Result<std::optional<std::pair<std::string, std::string>>> last_at_or_before(
      store::Family family, std::string_view prefix, std::string_view key) const override;

  // A run of the latest unsynced writes is lost. Those that had failed after the last good one
  // count as unsynced, as a log may have been written and then not synced: they can come back.
  using Loss = test::Loss;
  void crash(Loss loss, std::uint64_t seed = 0);

  // Flips a bit of a value, now and for good, without anybody noticing; `bit` counts round. False
  // if there is no such key or its value is empty.
  bool rot(store::Family family, std::string_view key, std::uint64_t bit);
  void clear();  // as new

  using Values = std::map<std::string, std::string, std::less<>>;
  Values values(store::Family family) const;

 private:
  using Contents = std::array<Values, store::kFamilies>;
  static void apply(Contents& contents, const store::Batch& batch);
  static std::uint64_t bytes_of(const Contents& contents);
  std::optional<Error> refuses(Operation operation) const;
  Result<void> write_locked(const store::Batch& batch, store::Durability durability);
  void occupy(std::uint64_t bytes);

  FaultPlan* plan_ = nullptr;
  std::shared_ptr<DiskSpace> space_;
  mutable std::mutex mutex_;
  Contents visible_;
  Contents synced_;
  std::vector<store::Batch> unsynced_;  // since `synced_`, in order
  std::vector<store::Batch> failed_;    // the first since the last good write; none if it was good
  std::uint64_t occupied_ = 0;          // of `space_`
};

}  // namespace sluice::test
