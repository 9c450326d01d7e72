#include "highside/mirror/oci/oci_pruner.h"

#include "common/base/text.h"
#include "common/ecosystem/oci/manifest.h"
#include "sluice/oci.pb.h"

namespace sluice::high {
namespace {

Result<proto::OciRepository> read(const CatalogEntry& entry) {
  proto::OciRepository repository;
  if (!repository.ParseFromString(entry.body)) {
    return Error{ErrorCode::kIo, entry.document, "its record cannot be read",
                 "check the catalog's disk"};
  }
  return repository;
}

std::string bytes_of(const Sha256Digest& digest) { return std::string(as_text(digest.bytes())); }

Result<oci::Manifest> read_manifest(const store::BlobStore& blobs,
                                    const proto::OciManifest& manifest) {
  const auto digest = Sha256Digest::from_bytes(as_bytes(manifest.sha256()));
  if (!digest || manifest.size() > oci::kMaxManifestBytes) {
    return Error{ErrorCode::kIo, "manifest", "its record cannot be read", ""};
  }
  SLUICE_TRY(const auto blob, blobs.open(*digest));
  Bytes bytes(std::min<std::uint64_t>(blob->size(), oci::kMaxManifestBytes));
  SLUICE_TRY_VOID(blob->read_at(0, bytes));
  return oci::read_manifest("manifest " + digest->hex(), as_text(bytes), manifest.media_type());
}

// Digests of manifests that tags need, directly or through an index or a subject.
Result<std::set<std::string>> needed(const store::BlobStore& blobs,
                                     const proto::OciRepository& repository) {
  std::map<std::string, const proto::OciManifest*> held;
  std::map<std::string, std::vector<std::string>> about;  // by subject
  for (const proto::OciManifest& manifest : repository.manifests()) {
    held[manifest.sha256()] = &manifest;
    if (!manifest.subject().empty()) {
      about[manifest.subject()].push_back(manifest.sha256());
    }
  }
  std::vector<std::string> to_follow;
  for (const auto& [tag, digest] : repository.tags()) {
    to_follow.push_back(digest);
  }
  std::set<std::string> found;
  while (!to_follow.empty()) {
    const std::string digest = std::move(to_follow.back());
    to_follow.pop_back();
    const auto manifest = held.find(digest);
    if (manifest == held.end() || !found.insert(digest).second) {
      continue;
    }
    const auto& referrers = about[digest];
    to_follow.insert(to_follow.end(), referrers.begin(), referrers.end());
    if (oci::is_index_type(manifest->second->media_type())) {
      SLUICE_TRY(const oci::Manifest index, read_manifest(blobs, *manifest->second));
      for (const oci::Descriptor& child : index.children) {
        to_follow.push_back(bytes_of(child.digest));
      }
    }
  }
  return found;
}

}  // namespace

Result<std::vector<std::string>> OciPruner::loose(const CatalogEntry& entry) const {
  SLUICE_TRY(const proto::OciRepository repository, read(entry));
  SLUICE_TRY(const std::set<std::string> kept, needed(blobs_, repository));
  std::vector<std::string> loose;
  for (const proto::OciManifest& manifest : repository.manifests()) {
    if (!kept.contains(manifest.sha256())) {
      loose.push_back(hex_encode(as_bytes(manifest.sha256())));
    }
  }
  return loose;
}

Result<proto::Record> OciPruner::without(const CatalogEntry& entry,
                                         const std::set<std::string>& parts) const {
  SLUICE_TRY(const proto::OciRepository before, read(entry));
  proto::OciRepository repository;
  repository.set_name(before.name());
  *repository.mutable_tags() = before.tags();
  proto::Record record;
  std::set<std::string> named;
  for (const proto::OciManifest& manifest : before.manifests()) {
    if (parts.contains(hex_encode(as_bytes(manifest.sha256())))) {
      continue;
    }
    *repository.add_manifests() = manifest;
    record.add_blobs(manifest.sha256());
    SLUICE_TRY(const oci::Manifest read, read_manifest(blobs_, manifest));
    for (const oci::Descriptor& blob : read.required_blobs()) {
      named.insert(bytes_of(blob.digest));
    }
    for (const oci::Descriptor& layer : read.layers) {  // also those that need not be held
      named.insert(bytes_of(layer.digest));
    }
  }
  for (const proto::OciBlob& blob : before.blobs()) {
    if (named.contains(blob.sha256())) {
      *repository.add_blobs() = blob;
      record.add_blobs(blob.sha256());
    }
  }
  if (repository.manifests().empty()) {
    record.clear_blobs();
    record.set_withdrawn(true);
  } else {
    record.set_body(repository.SerializeAsString());
  }
  return record;
}

}  // namespace sluice::high
