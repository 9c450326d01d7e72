// Dependency resolution by npm itself: lock only, scripts off, nothing of the operator's own npm
// settings, nothing but the registry.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "common/base/error.h"
#include "lowside/upstream/npm/settings.h"
#include "lowside/upstream/npm/want.h"

namespace sluice::low {

// One thread at a time. Keeps npm's cache, home and settings in `work`/npm.
class NpmResolver {
 public:
  NpmResolver(const NpmSettings& settings, const std::filesystem::path& work);

  // The text of the lock file that npm makes of want.package_json. kNotFound: npm is not there, a
  // package is not in the registry, or none of its versions is in the range; kInvalid: npm sees a
  // conflict; kUnavailable: the registry did not answer.
  Result<std::string> resolve(const NpmWant& want, const std::stop_token& stop);

 private:
  Result<void> prepare(const NpmWant& want) const;

  const NpmSettings& settings_;
  std::filesystem::path folder_;
};

}  // namespace sluice::low
