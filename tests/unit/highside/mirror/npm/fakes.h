// Packages to fill a catalog and a blob store in memory with.
#pragma once

#include <boost/json.hpp>
#include <string>

#include "common/base/hasher.h"
#include "common/ecosystem/npm/package_name.h"
#include "common/http/message.h"
#include "sluice/npm.pb.h"
#include "tests/support/memory_catalog.h"

namespace sluice::high::test {

// A package under construction; its tarballs are in `blobs`.
class Package {
 public:
  Package(std::string name, MemoryBlobs& blobs) : blobs_(blobs) {
    package.set_name(std::move(name));
  }

  // `more`: members of the manifest after name and version, as JSON text that starts with a comma.
  Package& add(const std::string& version, const std::string& bytes, const std::string& more = "") {
    auto* added = package.add_versions();
    added->set_version(version);
    added->set_manifest(manifest(version, bytes, more));
    const Sha256Digest digest = blobs_.add(bytes);
    added->set_tarball(std::string(as_text(digest.bytes())));
    added->set_size(bytes.size());
    (*package.mutable_dist_tags())["latest"] = version;
    (*package.mutable_time())[version] = "2024-02-03T04:05:06.789Z";
    return *this;
  }

  std::string manifest(const std::string& version, const std::string& bytes,
                       const std::string& more) const {
    return R"({"name":")" + package.name() + R"(","version":")" + version + '"' + more +
           R"(,"dist":{"integrity":")" + hash(DigestAlgorithm::kSha512, as_bytes(bytes)).sri() +
           R"(","tarball":"https://registry.example/odd/)" + version +
           R"(.tgz","signatures":[{"keyid":"k","sig":"s"}],"fileCount":1.50e1}})";
  }

  proto::Record record() const {
    proto::Record made;
    made.set_ecosystem("npm");
    made.set_document(package.name());
    made.set_body(package.SerializeAsString());
    for (const auto& version : package.versions()) {
      made.add_blobs(version.tarball());
    }
    return made;
  }

  proto::NpmPackage package;

 private:
  MemoryBlobs& blobs_;
};

}  // namespace sluice::high::test
