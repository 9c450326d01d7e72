// The record of a package: exactly the versions held.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
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

// Bodies of records as they were shipped last, by SHA-256, for what the upstream no longer says. A
// cache: what is not there, or is not whole, is not found.
class RecordCache {
 public:
  explicit RecordCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::optional<proto::NpmPackage> find(const std::string& sha256) const;
  void put(const std::string& sha256, const std::string& body) const;
  // Forgets all but these.
  void keep_only(const std::set<std::string>& sha256s) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace sluice::low
