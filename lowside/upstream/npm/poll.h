// One poll of an npm registry:
//
//   held packages ─ conditional GET ─> packuments ─┐
//   wants ─ npm, where something changed ─> closures ─ GET ─> further packuments
//        ─ check ─> manifests ─ GET, intake ─> tarballs ─ whole closures only ─> records
//
// A version that fails is left out with a problem. A closure that lacks a version brings nothing
// new, but for what other, whole closures need as well. A package whose held versions no longer
// check stays as it was shipped ("frozen").
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/observe/counters.h"
#include "lowside/pipeline/record_cache.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/upstream/npm/cursor.h"
#include "lowside/upstream/npm/lock_file.h"
#include "lowside/upstream/npm/packument.h"
#include "lowside/upstream/npm/record.h"
#include "lowside/upstream/npm/settings.h"
#include "lowside/upstream/npm/signature.h"
#include "lowside/upstream/npm/want.h"

namespace sluice::low {

// One thread, used once. The settings' registry ends with a slash.
class NpmPoll {
 public:
  NpmPoll(const NpmSettings& settings, observe::Counters& counters, PollContext& context);

  Result<Proposal> run();

 private:
  using VersionId = std::pair<std::string, std::string>;  // name, version

  struct Closure {
    std::string want;
    std::string key{};        // NpmCursor::closures; empty: a lock file, which npm does not make
    bool is_current = false;  // its packages were asked for before npm was: a later change is seen
    std::vector<LockedPackage> packages{};
    std::string package{};  // that the want names; empty: a file's closure
  };

  struct Checked {
    NpmManifest manifest;
    std::vector<Evidence> evidence;
  };

  struct Package {
    std::set<std::string> wanted;
    std::set<std::string> required;      // of these, what no machine can go without
    std::optional<Packument> packument;  // there if it may give a new record
    std::string etag;
    std::string answer;
    bool is_asked = false;  // in this poll, with an answer
    std::optional<Error> no_answer{};
    bool is_changed = false;  // since it was shipped
    std::map<std::string, Checked> checked;
    std::map<std::string, HeldVersion> versions;  // with their tarballs in the spool
    bool frozen = false;
  };

  // poll_resolve.cpp
  void read_wants();
  Result<void> resolve_wants();
  Result<Closure> resolve(const Result<NpmWant>& want, class NpmResolver& resolver) const;
  std::string key_of(const NpmWant& want) const;
  bool still_stands(const std::vector<LockedPackage>& closure) const;
  void want_closure(const Closure& closure);

  // poll.cpp
  Result<void> fetch_keys();
  void fetch_packuments(const std::set<std::string>& names);
  std::optional<Error> silence() const;
  std::set<std::string> missing_packages() const;
  void take_packument(const std::string& name, const std::string& uri, Result<Document> answer);

  // poll_versions.cpp
  void check_manifests();
  void check_version(const std::string& name, Package& package, const std::string& version);
  void check_unpublished(const std::string& name, Package& package, const std::string& version);
  Result<std::vector<Evidence>> check_signature(const std::string& name, const std::string& version,
                                                const Package& package,
                                                const NpmManifest& manifest);
  void take_tarballs();
  void take_blob(const std::string& name, const std::string& version, Result<proto::Blob> blob);

  // poll_closure.cpp
  void leave_out_old(UtcTime since);
  std::optional<Error> is_old(const Closure& closure, UtcTime since, bool& old) const;
  Result<void> list_closure(const std::set<VersionId>& shippable, Proposal& proposal) const;
  Result<void> list_version(const VersionId& id, Proposal& proposal) const;

  // poll_publish.cpp
  Result<Proposal> publish();
  std::set<VersionId> versions_of_whole_closures();
  std::optional<std::string> what_is_wrong(const LockedPackage& locked) const;
  void publish_package(const std::string& name, Package& package,
                       const std::set<VersionId>& shippable, Proposal& proposal);

  const NpmTracked* tracked(const std::string& name) const;
  bool is_shipped(const std::string& name, const std::string& version) const;
  bool has_news(const std::string& name,
                const Package& package) const;  // wants what is not shipped
  // Remembers why; a full or failing disk ends the poll.
  void fail(const std::string& name, const std::string& version, Error error);
  void progress(std::string_view stage, std::size_t done, std::size_t total) const;

  const NpmSettings& settings_;
  observe::Counters& counters_;
  PollContext& context_;
  RecordCache records_;
  NpmCursor cursor_;
  std::optional<NpmKeys> keys_;
  std::vector<Result<NpmWant>> wants_;
  std::vector<Closure> closures_;
  std::map<std::string, Package> packages_;
  std::set<VersionId> unsuitable_;             // optional, and for none of the targets
  std::map<VersionId, std::string> failures_;  // why a version cannot be had
  std::vector<Error> problems_;
  std::optional<Error> broken_;  // our own disk, not the registry
};

}  // namespace sluice::low
