// A repository's record and the blobs that it names, made as the low side makes them.
#pragma once

#include <map>
#include <string>

#include "common/ecosystem/oci/manifest.h"
#include "common/ecosystem/oci/names.h"
#include "sluice/oci.pb.h"
#include "tests/support/memory_catalog.h"

namespace sluice::high::test {

inline std::string as_string(const Sha256Digest& digest) {
  return std::string(as_text(digest.bytes()));
}

class OciSource {
 public:
  explicit OciSource(MemoryBlobs& blobs, std::string document = "docker.io/library/tiny")
      : blobs_(blobs), document_(std::move(document)) {}

  // A configuration or a layer, as a descriptor.
  std::string blob(const std::string& content, const std::string& type) {
    const Sha256Digest digest = blobs_.add(content);
    held_[digest] = content.size();
    return descriptor(digest, content.size(), type);
  }
  static std::string descriptor(const Sha256Digest& digest, std::size_t size,
                                const std::string& type) {
    return R"({"mediaType":")" + type + R"(","digest":")" + oci::digest_text(digest) +
           R"(","size":)" + std::to_string(size) + "}";
  }
  // `more`: members behind the others, with a comma in front.
  std::string image_text(const std::string& layer, const std::string& more = "") {
    return R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciManifest) +
           R"(","config":)" + blob("{}", "application/vnd.oci.image.config.v1+json") +
           R"(,"layers":[)" + blob(layer, "application/vnd.oci.image.layer.v1.tar") + "]" + more +
           "}";
  }
  Sha256Digest image(const std::string& layer, const std::string& more = "") {
    return manifest(image_text(layer, more), oci::kOciManifest);
  }
  Sha256Digest manifest(const std::string& text, std::string_view type) {
    const Sha256Digest digest = blobs_.add(text);
    proto::OciManifest& entry = manifests_[digest];
    entry.set_sha256(as_string(digest));
    entry.set_size(text.size());
    entry.set_media_type(std::string(type));
    const auto read = oci::read_manifest("test", text, type).value();
    if (read.subject) {
      entry.set_subject(as_string(read.subject->digest));
      entry.set_artifact_type(read.artifact_type);
      entry.mutable_annotations()->insert(read.annotations.begin(), read.annotations.end());
    }
    return digest;
  }
  void tag(const std::string& name, const Sha256Digest& manifest) { tags_[name] = manifest; }
  void untag(const std::string& name) { tags_.erase(name); }
  const proto::OciManifest& entry(const Sha256Digest& manifest) { return manifests_.at(manifest); }

  proto::Record record() const {
    proto::OciRepository body;
    proto::Record made;
    made.set_ecosystem("oci");
    made.set_document(document_);
    body.set_name(document_);
    for (const auto& [digest, entry] : manifests_) {
      *body.add_manifests() = entry;
      made.add_blobs(as_string(digest));
    }
    for (const auto& [name, digest] : tags_) {
      (*body.mutable_tags())[name] = as_string(digest);
    }
    for (const auto& [digest, size] : held_) {
      auto& entry = *body.add_blobs();
      entry.set_sha256(as_string(digest));
      entry.set_size(size);
      made.add_blobs(as_string(digest));
    }
    made.set_body(body.SerializeAsString());
    return made;
  }

 private:
  MemoryBlobs& blobs_;
  const std::string document_;
  std::map<Sha256Digest, proto::OciManifest> manifests_;
  std::map<Sha256Digest, std::uint64_t> held_;
  std::map<std::string, Sha256Digest> tags_;
};

}  // namespace sluice::high::test
