// Of a poll: what may cross together.
#include "common/base/hasher.h"
#include "common/base/present.h"
#include "common/base/text.h"
#include "lowside/upstream/npm/poll.h"

namespace sluice::low {
namespace {

// In one message; the rest is counted.
constexpr std::size_t kMaxNamed = 5;

}  // namespace

// None if this version is shipped, or can be, and is the one that the lock file means.
std::optional<std::string> NpmPoll::what_is_wrong(const LockedPackage& locked) const {
  if (unsuitable_.contains({locked.name, locked.version})) {
    return std::nullopt;
  }
  const std::string id = locked.name + "@" + locked.version;
  const Package& package = packages_.at(locked.name);
  const auto taken = package.versions.find(locked.version);
  const bool is_taken = taken != package.versions.end() && !package.frozen;
  std::optional<Digest> integrity;
  if (is_shipped(locked.name, locked.version)) {
    integrity = Digest::from_sri(tracked(locked.name)->versions.at(locked.version).integrity);
  } else if (is_taken) {
    integrity = package.checked.at(locked.version).manifest.digest;
  } else {
    const auto failure = failures_.find({locked.name, locked.version});
    return failure == failures_.end() ? id + " cannot be had" : failure->second;
  }
  if (!locked.integrity || !integrity) {
    return std::nullopt;
  }
  if (locked.integrity->algorithm() == integrity->algorithm()) {
    return *locked.integrity == *integrity
               ? std::nullopt
               : std::optional(id + ": the lock file's integrity is not the registry's");
  }
  if (is_taken) {  // the lock file knows another algorithm than the registry: ask the bytes
    const auto held = context_.intake.held(*locked.integrity);
    if (held && (!*held || (**held).sha256() != taken->second.blob.sha256())) {
      return id + ": the lock file's integrity is not that of the registry's tarball";
    }
  }
  return std::nullopt;
}

std::set<NpmPoll::VersionId> NpmPoll::versions_of_whole_closures() {
  std::set<VersionId> shippable;
  cursor_.closures.clear();
  for (Closure& closure : closures_) {
    std::vector<std::string> wrong;
    for (const LockedPackage& locked : closure.packages) {
      if (auto cause = what_is_wrong(locked)) {
        wrong.push_back(std::move(*cause));
      }
    }
    if (wrong.empty()) {
      for (const LockedPackage& locked : closure.packages) {
        shippable.insert({locked.name, locked.version});
      }
      if (closure.is_current && !closure.key.empty()) {
        cursor_.closures[closure.key] = std::move(closure.packages);
      }
      continue;
    }
    std::string cause = std::to_string(wrong.size()) + " of its " +
                        std::to_string(closure.packages.size()) + " packages cannot be had: ";
    for (std::size_t i = 0; i < std::min(wrong.size(), kMaxNamed); ++i) {
      cause += (i == 0 ? "" : "; ") + wrong[i];
    }
    counters_.add(observe::Metric::kWantUnresolved);
    problems_.push_back({ErrorCode::kUnavailable, closure.want, std::move(cause),
                         "nothing new of it is shipped until all of it can be had; what was "
                         "shipped before stays"});
  }
  return shippable;
}

Result<Proposal> NpmPoll::publish() {
  Proposal proposal;
  const std::set<VersionId> shippable = versions_of_whole_closures();
  if (context_.list_closure) {
    SLUICE_TRY_VOID(list_closure(shippable, proposal));
  }
  for (auto& [name, package] : packages_) {
    if (package.packument && !package.frozen) {
      publish_package(name, package, shippable, proposal);
    }
  }
  proposal.cursor = cursor_.write();
  proposal.problems = std::move(problems_);
  return proposal;
}

void NpmPoll::publish_package(const std::string& name, Package& package,
                              const std::set<VersionId>& shippable, Proposal& proposal) {
  std::map<std::string, HeldVersion> held;
  NpmTracked now;
  for (auto& [version, entry] : package.versions) {
    if (is_shipped(name, version) || shippable.contains({name, version})) {
      now.versions[version] = {hex_encode(as_bytes(entry.blob.sha256())),
                               package.checked.at(version).manifest.digest.sri()};
      held.emplace(version, std::move(entry));
    }
  }
  if (held.empty()) {
    return;
  }
  proto::Record record = make_npm_record(name, present(package.packument), held);
  now.etag = package.etag;
  now.answer = package.answer;
  now.record = sha256(as_bytes(record.body())).hex();
  if (tracked(name) == nullptr || tracked(name)->record != now.record) {
    records_.put(now.record, record.body());
    for (auto& [version, entry] : held) {
      if (is_shipped(name, version)) {
        proposal.besides.push_back(entry.blob.sha256());
      }
      proposal.blobs.push_back(std::move(entry.blob));
    }
    proposal.records.push_back(std::move(record));
  }
  cursor_.packages[name] = std::move(now);
}

}  // namespace sluice::low
