// A Debian archive as a source: its suites are polled, checked from the signature of InRelease down
// to each package, and shipped in one of two ways.
//
//   InRelease ─gpgv→ Release ─SHA256→ Packages ─SHA256→ .deb
//      │                                 │
//      │ full: all of it, byte for byte  │ subset: apt's solver picks the closure of a package
//      list; ▼                                 ▼ indices of exactly that are made and signed by the
//      site's key
//    record of the suite               record of the suite
//
// A suite that cannot be accepted (unreachable, badly signed, older than before, expired) is a
// problem of the poll; what was accepted of it before stays in force.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/ecosystem/apt/sources.h"
#include "common/observe/counters.h"
#include "lowside/pipeline/upstream.h"

namespace sluice::low {

struct AptSettings {
  enum class Mode { kFull, kSubset };

  std::string name;     // of the source
  std::string archive;  // the folder on the high side: one segment of a path
  Mode mode = Mode::kSubset;
  std::vector<std::filesystem::path> sources;  // .sources and .list files, read at every poll
  std::vector<apt::ArchiveSuite> suites;       // besides those
  std::vector<std::string> architectures;      // empty: what the sources say, else this machine's
  std::chrono::seconds interval{std::chrono::hours(1)};

  // full: what to carry besides Packages, where the archive lists it: "translations" (English),
  // "contents", "dep11". What is not carried, clients do without.
  std::vector<std::string> extras{"translations"};
  // Source packages too: full: all that the archive lists; subset: those of the packages taken.
  bool source_packages = false;

  // subset: as apt-get install takes them: "hello", "hello=2.10-3", "hello/bookworm-backports".
  std::vector<std::string> packages;
  bool recommends = false;             // also follow Recommends
  std::filesystem::path signing_home;  // made by generate_site_key()
};

// kInvalid: an archive's name that cannot be, no suites, a subset without packages or key, an
// unknown extra.
Result<void> check_settings(const AptSettings& settings);

class AptSource final : public Upstream {
 public:
  // `settings` have passed check_settings(). `counters` and `clock` outlive the source.
  AptSource(AptSettings settings, observe::Counters& counters, const Clock& clock);

  const std::string& name() const override { return settings_.name; }
  std::chrono::seconds interval() const override { return settings_.interval; }
  // Proposes a record for each suite that changed, and a withdrawal for each that is no longer
  // configured. An Error: the sources do not read, or no suite at all could be accepted, or a
  // package could not be fetched.
  Result<Proposal> poll(PollContext& context) override;

 private:
  AptSettings settings_;
  observe::Counters& counters_;
  const Clock& clock_;
};

}  // namespace sluice::low
