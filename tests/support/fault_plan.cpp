#include "tests/support/fault_plan.h"

namespace sluice::test {

void FaultPlan::fail_at(std::uint64_t index, int error_number) {
  const std::lock_guard lock(mutex_);
  change_fault_ = {index, error_number, false};
}

void FaultPlan::fail_from(std::uint64_t index, int error_number) {
  const std::lock_guard lock(mutex_);
  change_fault_ = {index, error_number, true};
}

void FaultPlan::fail_read_at(std::uint64_t index, int error_number) {
  const std::lock_guard lock(mutex_);
  read_fault_ = {index, error_number, false};
}

void FaultPlan::fail_reads_from(std::uint64_t index, int error_number) {
  const std::lock_guard lock(mutex_);
  read_fault_ = {index, error_number, true};
}

void FaultPlan::fail_when(Rule rule) {
  const std::lock_guard lock(mutex_);
  rule_ = std::move(rule);
}

void FaultPlan::crash_at(std::uint64_t index) {
  const std::lock_guard lock(mutex_);
  crash_at_ = index;
}

void FaultPlan::crash_now() {
  const std::lock_guard lock(mutex_);
  crashed_ = true;
}

void FaultPlan::clear() {
  const std::lock_guard lock(mutex_);
  change_fault_ = {};
  read_fault_ = {};
  rule_ = {};
  crash_at_.reset();
  changes_.clear();
  reads_.clear();
  crashed_ = false;
  fired_ = false;
}

std::uint64_t FaultPlan::count() const {
  const std::lock_guard lock(mutex_);
  return changes_.size();
}

std::vector<Operation> FaultPlan::changed() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

std::vector<Operation> FaultPlan::reads() const {
  const std::lock_guard lock(mutex_);
  return reads_;
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
  const bool changing = changes(operation);
  if (!crashed_ && changing && crash_at_ == changes_.size()) {
    crashed_ = fired_ = true;
  }
  const int number = error_number(operation, thing);
  (changing ? changes_ : reads_).push_back(operation);
  if (crashed_) {
    return Error{ErrorCode::kIo, thing, "the power is off", ""};
  }
  if (number == 0) {
    return std::nullopt;
  }
  fired_ = true;
  return errno_error(thing, number);
}

int FaultPlan::error_number(Operation operation, const std::string& thing) {
  const Fault& fault = changes(operation) ? change_fault_ : read_fault_;
  const std::size_t index = changes(operation) ? changes_.size() : reads_.size();
  if (fault.hits(index) && !(fault.stays && gives_space(operation))) {
    return fault.error_number;
  }
  return rule_ ? rule_(operation, thing) : 0;
}

}  // namespace sluice::test
