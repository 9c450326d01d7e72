// One suite of an archive, from its name to a Release that was accepted.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/ecosystem/apt/release.h"
#include "common/ecosystem/apt/sources.h"
#include "common/observe/counters.h"
#include "lowside/pipeline/upstream.h"
#include "sluice/stored_apt.pb.h"

namespace sluice::low {

struct Suite {
  apt::ArchiveSuite source;  // with components and architectures filled in
  std::string document;      // "debian/bookworm"
  Bytes keyring;             // binary

  std::string folder() const { return "dists/" + source.suite + "/"; }
  std::string uri(std::string_view path) const;  // of a file below the archive's root
};

// Its signature holds, it is not older than what was accepted before, and it has not expired.
struct AcceptedSuite {
  Suite suite;
  std::string in_release;   // exact bytes; empty where the archive has Release and Release.gpg only
  std::string release;      // exact bytes; what was signed if there is an InRelease
  std::string release_gpg;  // empty: none
  apt::Release parsed;
  std::string fingerprint;  // of the key that signed
};

// Reads InRelease (else Release and Release.gpg) of suites and keeps the last one accepted of each
// in the source's folder.
class SuiteReader {
 public:
  SuiteReader(PollContext& context, observe::Counters& counters, const Clock& clock)
      : context_(context), counters_(counters), clock_(clock) {}

  // Asks the archive, conditionally if what was accepted before is at hand. Changes `state` only on
  // success. kIntegrity: signature; kOutdated: rollback or expired; kInvalid: unreadable; or the
  // fetch's error. All but the fetch's are counted.
  Result<AcceptedSuite> accept(const Suite& suite, proto::StoredAptSuite& state);
  // What was accepted before, checked again; none if it is not at hand or has expired.
  std::optional<AcceptedSuite> accepted_before(const Suite& suite);
  // For archives with an InRelease: Release and Release.gpg too, if they say the same. They stay
  // empty otherwise.
  void add_detached(AcceptedSuite& suite);

 private:
  Result<AcceptedSuite> verify(const Suite& suite, std::string in_release,
                               const std::string& release, std::string release_gpg) const;
  Result<void> check_times(const AcceptedSuite& accepted, const proto::StoredAptSuite* state) const;
  Result<Document> document(const Suite& suite, const char* name,
                            const proto::StoredAptSuite* condition);
  Result<AcceptedSuite> fetch(const Suite& suite, proto::StoredAptSuite& state);
  std::filesystem::path kept(const Suite& suite) const;
  void count(const Error& error) const;

  PollContext& context_;
  observe::Counters& counters_;
  const Clock& clock_;
};

}  // namespace sluice::low
