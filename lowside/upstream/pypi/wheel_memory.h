// Which METADATA was read out of which wheel: so that a wheel which waits in the spool, for an
// approval or for the rest of its closure, is not fetched again only to be read.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "common/base/digest.h"

namespace sluice::low {

// A cache in a file of its source's own, of at most kMaxWheels: what is not there is not found. One
// thread at a time.
class WheelMemory {
 public:
  static constexpr std::size_t kMaxWheels = 50'000;

  explicit WheelMemory(std::filesystem::path file);

  std::optional<Sha256Digest> metadata_of(const Sha256Digest& wheel);
  void remember(const Sha256Digest& wheel, const Sha256Digest& metadata);
  // Beyond kMaxWheels only those that were asked for or remembered since this was made stay.
  void save();

 private:
  std::filesystem::path file_;
  std::map<Sha256Digest, Sha256Digest> wheels_;
  std::set<Sha256Digest> used_;
};

}  // namespace sluice::low
