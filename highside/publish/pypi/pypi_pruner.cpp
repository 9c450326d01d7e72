#include "highside/publish/pypi/pypi_pruner.h"

#include "common/ecosystem/pypi/file_name.h"
#include "sluice/pypi.pb.h"

namespace sluice::high {
namespace {

Result<proto::PypiProject> read(const CatalogEntry& entry) {
  proto::PypiProject project;
  if (!project.ParseFromString(entry.body)) {
    return Error{ErrorCode::kIo, entry.document, "its record cannot be read",
                 "check the catalog's disk"};
  }
  return project;
}

}  // namespace

Result<std::vector<std::string>> PypiPruner::loose(const CatalogEntry& entry) const {
  SLUICE_TRY(const proto::PypiProject project, read(entry));
  std::optional<pypi::Version> highest;
  for (const proto::PypiFile& file : project.files()) {  // by version
    const auto name = pypi::read_file_name(entry.document, file.filename());
    if (name && !file.yanked() &&
        (!highest || highest->is_prerelease() || !name->version.is_prerelease())) {
      highest = name->version;
    }
  }
  std::vector<std::string> loose;
  for (const proto::PypiFile& file : project.files()) {
    const auto name = pypi::read_file_name(entry.document, file.filename());
    if (name && highest && name->version != *highest) {
      loose.push_back(file.filename());
    }
  }
  return loose;
}

Result<proto::Record> PypiPruner::without(const CatalogEntry& entry,
                                          const std::set<std::string>& parts) const {
  SLUICE_TRY(const proto::PypiProject before, read(entry));
  proto::PypiProject project;
  project.set_name(before.name());
  proto::Record record;
  for (const proto::PypiFile& file : before.files()) {
    if (parts.contains(file.filename())) {
      continue;
    }
    *project.add_files() = file;
    record.add_blobs(file.sha256());
    if (!file.metadata().empty()) {
      record.add_blobs(file.metadata());
    }
  }
  if (project.files().empty()) {
    record.set_withdrawn(true);
  } else {
    record.set_body(project.SerializeAsString());
  }
  return record;
}

}  // namespace sluice::high
