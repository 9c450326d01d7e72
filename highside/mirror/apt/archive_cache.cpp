#include "highside/mirror/apt/archive_cache.h"

#include <algorithm>

namespace sluice::high {

// The record as it was in the edition before this state came; none for the first, and where that
// edition is not kept any more.
Result<std::shared_ptr<const ServedSuite>> ArchiveCache::read_previous(
    const CatalogEntry& entry) const {
  const Edition previous(entry.since.value() - std::min<std::uint64_t>(entry.since.value(), 1));
  if (previous == entry.since || !catalog_.readable(previous)) {
    return std::shared_ptr<const ServedSuite>();
  }
  SLUICE_TRY(const auto before, catalog_.find(previous, "apt", entry.document));
  return before ? ServedSuite::make(*before, nullptr)
                : Result<std::shared_ptr<const ServedSuite>>(nullptr);
}

Result<std::shared_ptr<const ArchiveSuites>> ArchiveCache::read(Edition edition,
                                                                const std::string& archive,
                                                                const ArchiveSuites* known) const {
  auto suites = std::make_shared<ArchiveSuites>();
  std::vector<CatalogEntry> changed;
  SLUICE_TRY_VOID(catalog_.list(edition, "apt", archive + "/", [&](const CatalogEntry& entry) {
    const auto same = [&](const auto& suite) {
      return suite->since() == entry.since && archive + "/" + suite->name() == entry.document;
    };
    if (known != nullptr) {
      if (const auto found = std::ranges::find_if(*known, same); found != known->end()) {
        suites->push_back(*found);
        return true;
      }
    }
    changed.push_back(entry);
    return true;
  }));
  for (const auto& entry : changed) {
    SLUICE_TRY(auto previous, read_previous(entry));
    SLUICE_TRY(auto suite, ServedSuite::make(entry, std::move(previous)));
    suites->push_back(std::move(suite));
  }
  std::ranges::sort(*suites, {}, [](const auto& suite) { return suite->name(); });
  return std::shared_ptr<const ArchiveSuites>(std::move(suites));
}

Result<std::shared_ptr<const ArchiveSuites>> ArchiveCache::suites(Edition edition,
                                                                  const std::string& archive) {
  const std::scoped_lock lock(mutex_);
  Held& held = held_[archive];
  if (held.suites != nullptr && held.edition == edition) {
    return held.suites;
  }
  SLUICE_TRY(auto suites, read(edition, archive, held.suites.get()));
  held = {edition, suites};
  return suites;
}

}  // namespace sluice::high
