// The suites of each archive, read once per edition that changed them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "highside/mirror/apt/served_suite.h"

namespace sluice::high {

using ArchiveSuites = std::vector<std::shared_ptr<const ServedSuite>>;

// Callable from any thread. Holds the archives that the settings name and no others, each in one
// edition with the one before: a suite of 60 000 packages takes about 20 MiB.
class ArchiveCache {
 public:
  explicit ArchiveCache(const CatalogReader& catalog) : catalog_(catalog) {}

  // By name; empty: nothing has arrived. `archive` is one that the settings name.
  Result<std::shared_ptr<const ArchiveSuites>> suites(Edition edition, const std::string& archive);

 private:
  Result<std::shared_ptr<const ArchiveSuites>> read(Edition edition, const std::string& archive,
                                                    const ArchiveSuites* known) const;
  Result<std::shared_ptr<const ServedSuite>> read_previous(const CatalogEntry& entry) const;

  struct Held {
    Edition edition;
    std::shared_ptr<const ArchiveSuites> suites;
  };
  const CatalogReader& catalog_;
  std::mutex mutex_;
  std::map<std::string, Held> held_;
};

}  // namespace sluice::high
