// Of a poll: the closures of what is wanted.
#include <algorithm>

#include "common/base/hasher.h"
#include "lowside/upstream/npm/poll.h"
#include "lowside/upstream/npm/resolver.h"

namespace sluice::low {

void NpmPoll::read_wants() {
  for (const std::string& spec : settings_.packages) {
    wants_.push_back(want_of_spec(spec));
  }
  for (const auto& path : settings_.files) {
    wants_.push_back(want_of_file(posix_file_system(), path));
  }
}

// One bad entry does not stop the others; but if the registry gave none of them, it is the registry
// that is at fault, and the poll is tried again as a whole.
Result<void> NpmPoll::resolve_wants() {
  NpmResolver resolver(settings_, context_.work);
  std::optional<Error> unavailable;
  std::size_t done = 0;
  for (const Result<NpmWant>& want : wants_) {
    progress("resolve", done++, wants_.size());
    auto closure = resolve(want, resolver);
    if (closure) {
      want_closure(*closure);
      closures_.push_back(std::move(*closure));
      continue;
    }
    if (closure.error().code == ErrorCode::kCancelled) {
      return closure.error();
    }
    if (closure.error().code == ErrorCode::kUnavailable) {
      unavailable = closure.error();
    }
    counters_.add(observe::Metric::kWantUnresolved);
    problems_.push_back(closure.error());
  }
  progress("resolve", wants_.size(), wants_.size());
  if (closures_.empty() && unavailable) {
    return *unavailable;
  }
  return {};
}

Result<NpmPoll::Closure> NpmPoll::resolve(const Result<NpmWant>& want,
                                          NpmResolver& resolver) const {
  if (!want) {
    return want.error();
  }
  const auto read = [&](const std::string& lock) {
    return read_lock_file(want->name, lock, settings_.targets, settings_.include_dev);
  };
  if (!want->lock.empty()) {
    SLUICE_TRY(auto packages, read(want->lock));
    return Closure{.want = want->name, .packages = std::move(packages)};
  }
  Closure closure{
      .want = want->name, .key = key_of(*want), .is_current = true, .package = want->package};
  const auto known = cursor_.closures.find(closure.key);
  if (known != cursor_.closures.end() && still_stands(known->second)) {
    closure.packages = known->second;
    return closure;
  }
  SLUICE_TRY(const std::string lock, resolver.resolve(*want, context_.stop));
  SLUICE_TRY(closure.packages, read(lock));
  closure.is_current = std::ranges::all_of(closure.packages, [&](const LockedPackage& locked) {
    const auto package = packages_.find(locked.name);
    return package != packages_.end() && package->second.is_asked;
  });
  return closure;
}

// All that npm's answer depends on but the registry's packages.
std::string NpmPoll::key_of(const NpmWant& want) const {
  std::string text =
      want.package_json + '\0' + settings_.registry + '\0' + (settings_.include_dev ? "dev" : "");
  for (const NpmTarget& target : settings_.targets) {
    text += '\0' + target.os + '/' + target.cpu + '/' + target.libc;
  }
  return sha256(as_bytes(text)).hex();
}

// What is not tracked is for no target.
bool NpmPoll::still_stands(const std::vector<LockedPackage>& closure) const {
  return std::ranges::none_of(closure, [&](const LockedPackage& locked) {
    const auto package = packages_.find(locked.name);
    return package != packages_.end() && package->second.is_changed;
  });
}

void NpmPoll::want_closure(const Closure& closure) {
  for (const LockedPackage& locked : closure.packages) {
    Package& package = packages_[locked.name];
    package.wanted.insert(locked.version);
    if (!locked.optional) {
      package.required.insert(locked.version);
    }
  }
}

}  // namespace sluice::low
