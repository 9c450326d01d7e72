// Editions that have a name, as mirrors and commands see them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/strong.h"

namespace sluice::high {

// A name is never given to another edition while it stands; deleted, it may be given again.
struct Snapshot {
  std::string name;
  Edition edition;
  UtcTime created;
  UtcTime expires;  // the epoch: it stays until it is deleted
  std::string note;

  bool expired(UtcTime now) const { return expires != UtcTime() && expires <= now; }
};

// Callable from any thread.
class SnapshotReader {
 public:
  virtual ~SnapshotReader() = default;
  // Every edition from here to the current one can be read; of older ones those with a name.
  virtual Edition oldest() const = 0;
  virtual std::optional<Snapshot> find_snapshot(std::string_view name) const = 0;
  virtual std::vector<Snapshot> snapshots() const = 0;  // by name
};

}  // namespace sluice::high
