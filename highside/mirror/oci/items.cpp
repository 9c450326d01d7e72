#include "highside/mirror/oci/items.h"

#include "common/base/text.h"
#include "sluice/oci.pb.h"

namespace sluice::high {
namespace {

std::string digest_text(const std::string& sha256) {
  return "sha256:" + hex_encode(as_bytes(sha256));
}

}  // namespace

Result<RecordItems> oci_items(const CatalogEntry& entry) {
  proto::OciRepository repository;
  if (!repository.ParseFromString(entry.body)) {
    return Error{ErrorCode::kIo, entry.document, "its record cannot be read",
                 "check the catalog's disk"};
  }
  RecordItems items;
  for (const auto& [tag, digest] : repository.tags()) {
    items[{"tag", tag}] = digest_text(digest);
  }
  // What a manifest says of itself is in its bytes, and so in its digest.
  for (const proto::OciManifest& manifest : repository.manifests()) {
    items[{"manifest", digest_text(manifest.sha256())}] =
        manifest.media_type() +
        (manifest.subject().empty() ? "" : ", refers to " + digest_text(manifest.subject()));
  }
  for (const proto::OciBlob& blob : repository.blobs()) {
    items[{"blob", digest_text(blob.sha256())}] = std::to_string(blob.size()) + " bytes";
  }
  return items;
}

}  // namespace sluice::high
