#include "highside/mirror/pypi/record_check.h"

#include <map>
#include <set>

#include "common/ecosystem/pypi/core_metadata.h"
#include "common/ecosystem/pypi/file_name.h"
#include "common/ecosystem/pypi/project_name.h"
#include "common/ecosystem/pypi/provenance.h"
#include "sluice/pypi.pb.h"

namespace sluice::high {
namespace {

Error not_held(const std::string& thing, std::string cause) {
  return {ErrorCode::kIntegrity, "pypi record " + thing, std::move(cause),
          "the low side made a record that does not hold: look at its version and its disk, then "
          "send the shipment again"};
}

// What the record names by `bytes`; none if it is no digest or not named.
std::optional<Sha256Digest> named(const std::string& bytes, const proto::Record& record) {
  const auto digest = Sha256Digest::from_bytes(as_bytes(bytes));
  const auto& blobs = record.blobs();
  return std::find(blobs.begin(), blobs.end(), bytes) == blobs.end() ? std::nullopt : digest;
}

Result<void> check_metadata(const std::string& thing, const std::string& project,
                            const pypi::Version& version, const Sha256Digest& digest,
                            const store::BlobStore& blobs) {
  SLUICE_TRY(const auto blob, blobs.find(digest));
  if (!blob || blob->size > pypi::kMaxCoreMetadataBytes) {
    return not_held(thing, "its metadata is not in the store, or too large");
  }
  SLUICE_TRY(const auto reader, blobs.open(digest));
  Bytes bytes(blob->size);
  SLUICE_TRY_VOID(reader->read_at(0, bytes));
  if (!pypi::read_core_metadata(thing, project, version, as_text(bytes))) {
    return not_held(thing, "its metadata is of another project or version");
  }
  return {};
}

Result<void> check_attestations(const std::string& thing, const Sha256Digest& file,
                                const Sha256Digest& digest, const store::BlobStore& blobs) {
  SLUICE_TRY(const auto blob, blobs.find(digest));
  if (!blob || blob->size > pypi::kMaxProvenanceBytes) {
    return not_held(thing, "its attestations are not in the store, or too large");
  }
  SLUICE_TRY(const auto reader, blobs.open(digest));
  Bytes bytes(blob->size);
  SLUICE_TRY_VOID(reader->read_at(0, bytes));
  if (!pypi::check_provenance(thing, file, as_text(bytes))) {
    return not_held(thing, "its attestations are of another file");
  }
  return {};
}

Result<void> check_file(const proto::PypiProject& project, const proto::PypiFile& file,
                        const proto::Record& record, const store::BlobStore& blobs) {
  const std::string thing = project.name() + ": " + file.filename();
  const auto name = pypi::read_file_name(project.name(), file.filename());
  if (!name) {
    return not_held(thing, "it is no name of a file of that project");
  }
  const auto digest = named(file.sha256(), record);
  if (!digest) {
    return not_held(thing, "it is not among the blobs that the record names");
  }
  SLUICE_TRY(const auto blob, blobs.find(*digest));
  if (!blob || blob->size != file.size()) {
    return not_held(thing, "it is not in the store, or of another size");
  }
  if (!file.attestations().empty()) {
    const auto attestations = named(file.attestations(), record);
    if (!attestations) {
      return not_held(thing, "its attestations are not among the blobs that the record names");
    }
    SLUICE_TRY_VOID(check_attestations(thing, *digest, *attestations, blobs));
  }
  const bool is_wheel = name->kind == pypi::FileKind::kWheel;
  if (!is_wheel) {
    return file.metadata().empty() ? Result<void>()
                                   : not_held(thing, "a source archive has no metadata beside it");
  }
  const auto metadata = named(file.metadata(), record);
  if (!metadata) {
    return not_held(thing, "its metadata is not among the blobs that the record names");
  }
  return check_metadata(thing, project.name(), name->version, *metadata, blobs);
}

// What is visible and stays visible keeps its bytes: a file is never replaced.
Result<void> check_unchanged(const proto::PypiProject& project, const CatalogEntry& previous) {
  proto::PypiProject before;
  if (!before.ParseFromString(previous.body)) {
    return Error{ErrorCode::kIo, "pypi record " + project.name(), "what is held cannot be read",
                 "check the catalog's disk"};
  }
  std::map<std::string, std::string> held;
  for (const auto& file : before.files()) {
    held[file.filename()] = file.sha256();
  }
  for (const auto& file : project.files()) {
    const auto found = held.find(file.filename());
    if (found != held.end() && found->second != file.sha256()) {
      return not_held(project.name() + ": " + file.filename(),
                      "it would replace a visible file by other bytes");
    }
  }
  return {};
}

}  // namespace

Result<void> PypiRecordCheck::check(const proto::Record& record,
                                    const std::optional<CatalogEntry>& previous,
                                    const store::BlobStore& blobs) {
  if (record.withdrawn()) {
    return {};
  }
  proto::PypiProject project;
  if (!project.ParseFromString(record.body())) {
    return not_held(record.document(), "its body cannot be read");
  }
  if (project.name() != record.document() || !pypi::is_normalised(project.name()) ||
      project.files().empty()) {
    return not_held(record.document(), "its body is of another project, or has no files");
  }
  std::set<std::string> names;
  for (const auto& file : project.files()) {
    if (!names.insert(file.filename()).second) {
      return not_held(project.name() + ": " + file.filename(), "it stands twice");
    }
    SLUICE_TRY_VOID(check_file(project, file, record, blobs));
  }
  return previous && !previous->body.empty() ? check_unchanged(project, *previous) : Result<void>();
}

}  // namespace sluice::high
