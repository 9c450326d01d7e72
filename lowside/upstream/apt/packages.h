// Packages on their way into the spool.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/ecosystem/apt/package.h"
#include "common/ecosystem/apt/source_package.h"
#include "lowside/upstream/apt/suite.h"

namespace sluice::low {

struct WantedPackage {
  std::string path;  // below the archive's root
  std::string uri;
  Sha256Digest sha256;
  std::uint64_t size = 0;
  std::vector<Evidence> evidence;  // the chain that vouches for the digest
  std::vector<std::string> media_types;
};

WantedPackage wanted(const AcceptedSuite& suite, const apt::IndexFile& index,
                     const apt::PackageStanza& package);
// A file of a source package: whatever its publisher packed.
WantedPackage wanted(const AcceptedSuite& suite, const apt::IndexFile& index,
                     const apt::SourceFile& file);

struct TakenPackages {
  std::map<Sha256Digest, proto::Blob> blobs;
  std::vector<Error> refused;  // by policy
};

// Takes what the spool holds already, and fetches the rest, many at once. Refusals by policy are
// gathered; any other failure is the result, after the packages of its batch: what was taken until
// then is in the spool and is not fetched again.
Result<TakenPackages> take_packages(const std::vector<WantedPackage>& packages,
                                    PollContext& context);

}  // namespace sluice::low
