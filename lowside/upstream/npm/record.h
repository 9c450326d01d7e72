// The record of a package: exactly the versions held.
#pragma once

#include <map>
#include <string>

#include "lowside/upstream/npm/packument.h"
#include "sluice/npm.pb.h"
#include "sluice/shipment.pb.h"

namespace sluice::low {

struct HeldVersion {
  std::string manifest;  // JSON text
  proto::Blob blob;
};

// `held` by version, not empty. A dist-tag whose version is not held is left out; "latest" falls
// back to the newest held release, or to the newest version where there is no release. The bytes
// depend on the arguments alone.
proto::Record make_npm_record(const std::string& name, const Packument& packument,
                              const std::map<std::string, HeldVersion>& held);

}  // namespace sluice::low
