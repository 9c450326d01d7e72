// A registry's signatures: ECDSA P-256 with SHA-256 over "name@version:integrity", by keys that the
// registry lists at /-/npm/v1/keys (npm documentation, "About ECDSA registry signatures").
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "lowside/pipeline/rfc3339.h"
#include "lowside/upstream/npm/packument.h"

namespace sluice::low {

// Const use from any thread.
class NpmKeys {
 public:
  // `uri`: where the answer is from, for messages. Keys of a scheme that is not known are passed
  // over; kInvalid if none is left or it is not a list of keys.
  static Result<NpmKeys> read(const std::string& uri, std::string_view body);

  NpmKeys(NpmKeys&&) noexcept;
  NpmKeys& operator=(NpmKeys&&) noexcept;
  ~NpmKeys();

  // The id of a key by which the manifest was signed. `published`: its upstream time, empty if
  // unknown; a key does not vouch for what was published after it expired. kIntegrity: no signature
  // by a listed key, or one that is wrong.
  Result<std::string> verify(const std::string& name, const std::string& version,
                             const NpmManifest& manifest, std::string_view published) const;

 private:
  struct Key;
  NpmKeys();

  std::map<std::string, Key> keys_;  // by key id
};

}  // namespace sluice::low
