// Looks at a volume before anything of it is taken: its manifest, its signature, and that there is
// no file which the manifest does not name.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/crypto/keys.h"
#include "common/media/manifest.h"
#include "common/observe/counters.h"
#include "highside/media/volume_reader.h"

namespace sluice::high {

using Senders = std::vector<std::pair<std::string, crypto::VerifyKey>>;  // stream, key

struct CheckedVolume {
  std::string place;  // as it was given
  std::unique_ptr<VolumeFiles> files;
  VolumeIdentity identity;
  // None: it cannot be read, and the signed heads of the data files have to do.
  std::optional<media::VolumeManifest> manifest;
  std::vector<std::string> damage;  // what is missing or damaged beside the data, for people
};

// What is refused is counted by its reason. kIntegrity: changed, or signed by none of `senders`.
// kRefused: a file that has no business there, a stream that is not configured, a volume for other
// sites (`own_fingerprint` is this side's). kInvalid: it is no volume. The Error names it.
Result<CheckedVolume> check_volume(std::string place, std::unique_ptr<VolumeFiles> files,
                                   const Senders& senders, const std::string& own_fingerprint,
                                   observe::Counters& counters);

}  // namespace sluice::high
