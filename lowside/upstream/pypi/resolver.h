// Dependency resolution by pip itself, for one target: no build, nothing installed, nothing of the
// host's or the operator's own pip settings, nothing but the index.
#pragma once

#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/digest.h"
#include "common/base/error.h"
#include "lowside/upstream/pypi/settings.h"
#include "lowside/upstream/pypi/want.h"

namespace sluice::low {

struct ResolvedFile {
  std::string project;  // normalised
  std::string filename;
  bool operator==(const ResolvedFile&) const = default;
};

// Why pip found no closure.
struct PipFailure {
  enum class Kind {
    kNoCandidate,  // nothing of `requirement` suits; `needed_by` asks for it, if it is not wanted
    kConflict,     // requirements that cannot be met together
    kHashes,       // hash-checking mode: one is missing or does not match
    kOther,
  };
  Kind kind = Kind::kOther;
  std::string requirement;
  std::string needed_by;
  std::string text;  // pip's words, shortened
};

struct Resolution {
  std::vector<ResolvedFile> files;  // of the closure, if there is no failure
  std::optional<PipFailure> failure;
};

// One thread at a time. Keeps pip's cache, home and temporary files in `work`/pip. `constraints`:
// texts of constraints files; `stand_ins`: a folder of wheels that stand for source archives, or
// empty.
class PipResolver {
 public:
  PipResolver(const PypiSettings& settings, const std::filesystem::path& work);

  // kNotFound: there is no python3 or it has no pip; kUnavailable: pip did not end in time.
  Result<Resolution> resolve(const PypiWant& want, const std::string& constraints,
                             const PypiTarget& target, const std::filesystem::path& stand_ins,
                             const std::stop_token& stop);

 private:
  Result<void> prepare(const PypiWant& want, const std::string& constraints) const;
  std::vector<std::string> arguments(const PypiTarget& target,
                                     const std::filesystem::path& stand_ins) const;
  std::map<std::string, std::string> environment() const;

  const PypiSettings& settings_;
  std::filesystem::path folder_;
};

// pip's report (--report, version 1). kInvalid: it cannot be read, or holds what is not from an
// index.
Result<std::vector<ResolvedFile>> read_pip_report(std::string_view text);

// From what pip printed.
PipFailure read_pip_failure(std::string_view standard_output, std::string_view standard_error);

}  // namespace sluice::low
