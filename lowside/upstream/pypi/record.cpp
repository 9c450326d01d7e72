#include "lowside/upstream/pypi/record.h"

#include <algorithm>
#include <vector>

namespace sluice::low {

proto::PypiFile describe(const SimpleFile& listed) {
  proto::PypiFile file;
  file.set_filename(listed.filename);
  file.set_requires_python(listed.requires_python);
  file.set_yanked(listed.yanked);
  file.set_yanked_reason(listed.yanked_reason);
  file.set_upload_time(listed.upload_time);
  file.set_provenance(listed.provenance);
  return file;
}

proto::Record make_pypi_record(const std::string& project,
                               const std::map<std::string, HeldFile>& held) {
  SLUICE_ASSERT(!held.empty());
  std::vector<std::pair<pypi::Version, const HeldFile*>> files;  // by version, then by name
  for (const auto& [filename, entry] : held) {
    const auto name = pypi::read_file_name(project, filename);
    SLUICE_ASSERT(name.has_value());
    files.emplace_back(name->version, &entry);
  }
  std::ranges::sort(files, [](const auto& a, const auto& b) {
    const auto order = a.first <=> b.first;
    return order != 0 ? order < 0 : a.second->file.filename() < b.second->file.filename();
  });
  proto::PypiProject body;
  proto::Record record;
  body.set_name(project);
  for (const auto& [version, entry] : files) {
    proto::PypiFile& file = *body.add_files();
    file = entry->file;
    file.set_sha256(entry->blob.sha256());
    file.set_size(entry->blob.size());
    record.add_blobs(entry->blob.sha256());
    if (entry->metadata) {
      file.set_metadata(entry->metadata->sha256());
      record.add_blobs(entry->metadata->sha256());
    }
    if (entry->attestations) {
      file.set_attestations(entry->attestations->sha256());
      record.add_blobs(entry->attestations->sha256());
    }
  }
  record.set_ecosystem("pypi");
  record.set_document(project);
  record.set_body(body.SerializeAsString());
  return record;
}

}  // namespace sluice::low
