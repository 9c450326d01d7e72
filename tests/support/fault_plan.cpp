#include "tests/support/fault_plan.h"

namespace sluice::test {
namespace {

Error power_is_off(const std::string& thing) {
  return {ErrorCode::kIo, thing, "the power is off", ""};
}

}  // namespace

void FaultPlan::fail_at(std::uint64_t index, int error_number) {
  const std::lock_guard lock(mutex_);
  fault_ = Fault::kOnce;
  index_ = index;
  error_number_ = error_number;
}

void FaultPlan::fail_from(std::uint64_t index, int error_number) {
  const std::lock_guard lock(mutex_);
  fault_ = Fault::kFrom;
  index_ = index;
  error_number_ = error_number;
}

void FaultPlan::crash_at(std::uint64_t index) {
  const std::lock_guard lock(mutex_);
  fault_ = Fault::kCrash;
  index_ = index;
}

void FaultPlan::clear() {
  const std::lock_guard lock(mutex_);
  fault_ = Fault::kNone;
  count_ = 0;
  crashed_ = false;
  fired_ = false;
}

std::uint64_t FaultPlan::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

bool FaultPlan::crashed() const {
  const std::lock_guard lock(mutex_);
  return crashed_;
}

bool FaultPlan::fired() const {
  const std::lock_guard lock(mutex_);
  return fired_;
}

std::optional<Error> FaultPlan::next(Operation operation, const std::string& thing) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t index = count_++;
  if (crashed_) {
    return power_is_off(thing);
  }
  const bool hit = fault_ == Fault::kFrom ? index >= index_ && operation != Operation::kRemove
                                          : fault_ != Fault::kNone && index == index_;
  if (!hit) {
    return std::nullopt;
  }
  fired_ = true;
  if (fault_ == Fault::kCrash) {
    crashed_ = true;
    return power_is_off(thing);
  }
  return errno_error(thing, error_number_);
}

std::optional<Error> FaultPlan::read(const std::string& thing) const {
  const std::lock_guard lock(mutex_);
  return crashed_ ? std::optional(power_is_off(thing)) : std::nullopt;
}

}  // namespace sluice::test
