// A KeyValueStore in memory that fails by plan and loses what was not synced.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <random>

#include "common/store/key_value_store.h"
#include "tests/support/fault_plan.h"

namespace sluice::test {

class MemoryStore final : public store::KeyValueStore {
 public:
  MemoryStore() = default;
  // `plan` outlives the store.
  explicit MemoryStore(FaultPlan& plan) : plan_(&plan) {}

  Result<std::optional<std::string>> get(store::Family family, std::string_view key) const override;
  Result<void> write(const store::Batch& batch, store::Durability durability) override;
  Result<void> scan(
      store::Family family, std::string_view prefix, std::string_view from,
      const std::function<bool(std::string_view, std::string_view)>& each) const override;
  Result<std::optional<std::pair<std::string, std::string>>> last_at_or_before(
      store::Family family, std::string_view prefix, std::string_view key) const override;

  // What a crash does to unsynced writes: a run of the latest is lost.
  enum class Loss {
    kAll,     // every unsynced write
    kNone,    // none, and a write that had failed after the last good one comes back, as a log may
              // do that was written but not synced
    kRandom,  // by the seed
  };
  void crash(Loss loss, std::uint64_t seed = 0);

  void clear();  // as new

  using Values = std::map<std::string, std::string, std::less<>>;
  Values values(store::Family family) const;

 private:
  using Contents = std::array<Values, store::kFamilies>;
  static void apply(Contents& contents, const store::Batch& batch);

  FaultPlan* plan_ = nullptr;
  mutable std::mutex mutex_;
  Contents visible_;
  Contents synced_;
  std::vector<store::Batch> unsynced_;  // since `synced_`, in order
  std::vector<store::Batch> failed_;    // since the last good write
};

}  // namespace sluice::test
