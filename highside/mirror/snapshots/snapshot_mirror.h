// All mirrors as one edition has them, below a prefix that names it:
//
//   /edition/                what there is, as JSON
//   /edition/17/npm/…        what /npm/… answered when 17 was the current edition
//   /snapshot/               the same listing
//   /snapshot/2026-q4/       what that name stands for
//   /snapshot/2026-q4/pypi/simple/…
//
// Links in what they render begin with the same prefix, so that a client never leaves it.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "common/base/clock.h"
#include "common/http/message.h"
#include "highside/mirror/snapshots/pinned_catalog.h"
#include "highside/pipeline/snapshots.h"

namespace sluice::high {

// Callable from any thread.
class SnapshotMirror {
 public:
  // Sets of mirrors that are kept; each with the caches of its own (npm's documents, apt's suites).
  static constexpr std::size_t kMaxPinned = 8;

  // Makes the handler of all mirrors below `prefix` ("/edition/17"), which reads `catalog`.
  using MakeMirrors =
      std::function<http::Handler(const std::string& prefix, const CatalogReader& catalog)>;

  // All outlive it.
  SnapshotMirror(const CatalogReader& catalog, const SnapshotReader& snapshots, const Clock& clock,
                 MakeMirrors make);

  http::Response handle(const http::Request& request);

 private:
  struct Pinned {
    Pinned(std::string where, const CatalogReader& catalog, Edition edition)
        : prefix(std::move(where)), reader(catalog, edition) {}
    std::string prefix;
    PinnedCatalog reader;
    http::Handler mirrors;
  };

  http::Response listing(const http::Request& request) const;
  http::Response about(const http::Request& request, std::string_view name, Edition edition) const;
  http::Response serve(const http::Request& request, std::string prefix, Edition edition,
                       bool for_ever);
  Result<Edition> edition_of(bool by_number, std::string_view name) const;
  Error dropped(const std::string& thing) const;
  std::shared_ptr<const Pinned> pinned(std::string prefix, Edition edition);

  const CatalogReader& catalog_;
  const SnapshotReader& snapshots_;
  const Clock& clock_;
  const MakeMirrors make_;
  std::mutex mutex_;
  std::list<std::shared_ptr<const Pinned>> recent_;  // the one used last first
};

}  // namespace sluice::high
