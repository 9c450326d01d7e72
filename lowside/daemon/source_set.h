// The sources that are being polled. A reload changes them one by one; what is in flight goes on.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lowside/daemon/options.h"
#include "lowside/daemon/source_runner.h"

namespace sluice::low {

// apply() on one thread; the others on any.
class SourceSet {
 public:
  // Each source works in a folder of its own name below `work`.
  SourceSet(RunnerParts parts, std::filesystem::path work)
      : parts_(std::move(parts)), work_(std::move(work)) {}

  // Stops sources that are gone or have other settings, starts those that are new, and polls the
  // rest at once, since their want-list files may have changed.
  void apply(std::vector<ConfiguredSource> sources);
  std::vector<SourceStatus> status() const;
  // Sources of the pattern "request", by name.
  std::vector<std::string> by_request() const;
  void poll_soon(const std::string& name);

 private:
  struct Running {
    std::string settings;
    std::shared_ptr<SourceRunner> runner;
    bool by_request = false;
  };

  RunnerParts parts_;
  std::filesystem::path work_;
  mutable std::mutex mutex_;
  std::map<std::string, Running> running_;  // guarded by mutex_
};

}  // namespace sluice::low
