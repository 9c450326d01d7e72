#include "highside/publish/npm/npm_pruner.h"

#include "highside/publish/npm/package_changes.h"

namespace sluice::high {
namespace {

Result<proto::NpmPackage> read(const CatalogEntry& entry) {
  proto::NpmPackage package;
  if (!package.ParseFromString(entry.body)) {
    return Error{ErrorCode::kIo, entry.document, "its record cannot be read",
                 "check the catalog's disk"};
  }
  return package;
}

}  // namespace

Result<std::vector<std::string>> NpmPruner::loose(const CatalogEntry& entry) const {
  SLUICE_TRY(const proto::NpmPackage package, read(entry));
  std::set<std::string> tagged;
  for (const auto& [tag, version] : package.dist_tags()) {
    tagged.insert(version);
  }
  std::vector<std::string> loose;
  for (const proto::NpmVersion& version : package.versions()) {
    if (!tagged.contains(version.version())) {
      loose.push_back(version.version());
    }
  }
  return loose;
}

Result<proto::Record> NpmPruner::without(const CatalogEntry& entry,
                                         const std::set<std::string>& parts) const {
  SLUICE_TRY(const proto::NpmPackage package, read(entry));
  std::set<std::string> kept;
  for (const proto::NpmVersion& version : package.versions()) {
    if (!parts.contains(version.version())) {
      kept.insert(version.version());
    }
  }
  SLUICE_TRY(auto record, with_versions(entry.document, kept, clock_.utc_now(), entry));
  if (!record) {
    return Error{ErrorCode::kUnavailable, entry.document, "it has none of these versions", ""};
  }
  return std::move(*record);
}

}  // namespace sluice::high
