// Manifests as they came, by digest: registries count how often one is fetched, so that what was
// read once is not fetched again to be walked through.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "common/base/digest.h"

namespace sluice::low {

// A cache in a folder of its source's own: what is not there, or is not whole, is not found. One
// thread at a time.
class ManifestCache {
 public:
  explicit ManifestCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::optional<std::string> find(const Sha256Digest& digest) const;
  void put(const Sha256Digest& digest, const std::string& bytes) const;
  // Forgets what find() has not been asked for during two weeks.
  void drop_unused() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace sluice::low
