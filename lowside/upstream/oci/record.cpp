#include "lowside/upstream/oci/record.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "common/base/present.h"
#include "common/ecosystem/oci/names.h"

namespace sluice::low {
namespace {

// Maps would stand there in any order.
std::string serialized(const proto::OciRepository& body) {
  std::string text;
  {
    google::protobuf::io::StringOutputStream stream(&text);
    google::protobuf::io::CodedOutputStream output(&stream);
    output.SetSerializationDeterministic(true);
    body.SerializeToCodedStream(&output);
  }
  return text;
}

std::string raw(const Sha256Digest& digest) { return std::string(as_text(digest.bytes())); }

void add_manifest(const Sha256Digest& digest, const OciNode& node, proto::OciRepository& body) {
  const oci::Manifest& manifest = present(node.manifest);
  proto::OciManifest& added = *body.add_manifests();
  added.set_sha256(raw(digest));
  added.set_size(node.size);
  added.set_media_type(manifest.media_type);
  if (manifest.subject) {
    added.set_subject(raw(manifest.subject->digest));
    added.set_artifact_type(manifest.artifact_type);
    added.mutable_annotations()->insert(manifest.annotations.begin(), manifest.annotations.end());
  }
}

}  // namespace

OciRecord make_oci_record(const std::string& document, const OciGraph& graph, const OciState& state,
                          const std::map<Sha256Digest, std::optional<proto::Blob>>& blobs) {
  OciRecord made;
  proto::OciRepository body;
  body.set_name(document);
  std::map<Sha256Digest, std::uint64_t> needed;  // blobs that are no manifests
  std::map<Sha256Digest, const proto::Blob*> named;
  for (const Sha256Digest& digest : state.manifests) {
    const OciNode& node = graph.nodes.at(digest);
    add_manifest(digest, node, body);
    named.emplace(digest, &present(node.blob));
    for (const oci::Descriptor& blob : present(node.manifest).required_blobs()) {
      needed.emplace(blob.digest, blob.size);
    }
  }
  for (const auto& [tag, digest] : state.tags) {
    (*body.mutable_tags())[tag] = raw(digest);
  }
  for (const auto& [digest, size] : needed) {
    proto::OciBlob& added = *body.add_blobs();
    added.set_sha256(raw(digest));
    added.set_size(size);
    named.emplace(digest, &present(blobs.at(digest)));
  }
  made.record.set_ecosystem(std::string(oci::kEcosystem));
  made.record.set_document(document);
  made.record.set_body(serialized(body));
  for (const auto& [digest, blob] : named) {
    made.record.add_blobs(raw(digest));
    made.blobs.push_back(*blob);
  }
  return made;
}

}  // namespace sluice::low
