#include "highside/mirror/oci/record_check.h"

#include <algorithm>
#include <map>
#include <set>

#include "common/base/present.h"
#include "common/ecosystem/oci/manifest.h"
#include "common/ecosystem/oci/names.h"
#include "sluice/oci.pb.h"

namespace sluice::high {
namespace {

// A record crosses in one manifest of a shipment.
constexpr std::size_t kMaxManifests = 100'000;
constexpr std::size_t kMaxTags = 100'000;

Error not_held(const std::string& thing, std::string cause) {
  return {ErrorCode::kIntegrity, "oci record " + thing, std::move(cause),
          "the low side made a record that does not hold: look at its version and its disk, then "
          "send the shipment again"};
}

// One record under check.
class Repository {
 public:
  Repository(const proto::Record& record, const store::BlobStore& blobs, const SifRules& rules)
      : document_(record.document()),
        blobs_(blobs),
        rules_(rules),
        named_(record.blobs().begin(), record.blobs().end()) {}

  Result<void> check(const std::string& bytes, const std::optional<CatalogEntry>& previous) {
    SLUICE_TRY_VOID(oci::parse_document(document_));
    if (previous && !previous_.ParseFromString(previous->body)) {
      return Error{ErrorCode::kIo, document_, "its record cannot be read",
                   "check the catalog's disk"};
    }
    if (!body_.ParseFromString(bytes) || body_.name() != document_ || body_.manifests().empty()) {
      return not_held(document_,
                      "its body cannot be read, is of another repository, or has no manifests");
    }
    if (static_cast<std::size_t>(body_.manifests_size()) > kMaxManifests ||
        body_.tags().size() > kMaxTags) {
      return not_held(document_, "it has more than 100000 manifests or tags");
    }
    SLUICE_TRY_VOID(check_order(body_.manifests(), "manifest"));
    SLUICE_TRY_VOID(check_order(body_.blobs(), "blob"));
    SLUICE_TRY_VOID(check_held(body_.manifests()));
    SLUICE_TRY_VOID(check_held(body_.blobs()));
    for (const auto& blob : body_.blobs()) {
      sizes_.emplace(digest_of(blob), blob.size());
    }
    for (const auto& manifest : body_.manifests()) {
      SLUICE_TRY_VOID(check_manifest(manifest));
    }
    for (const auto& [digest, size] : sizes_) {
      if (!used_.contains(digest)) {
        return not_held(thing(digest), "no manifest names it");
      }
    }
    SLUICE_TRY_VOID(check_tags());
    return check_sif_tags();
  }

 private:
  template <class Entry>
  static Sha256Digest digest_of(const Entry& entry) {
    return present(Sha256Digest::from_bytes(as_bytes(entry.sha256())));
  }
  std::string thing(const Sha256Digest& digest) const {
    return document_ + ": " + oci::digest_text(digest);
  }

  template <class Entries>
  Result<void> check_order(const Entries& entries, const char* kind) const {
    std::string_view before;
    for (const auto& entry : entries) {
      if (entry.sha256().size() != Sha256Digest::kSize || entry.sha256() <= before ||
          !named_.contains(entry.sha256())) {
        return not_held(document_, std::string("a ") + kind +
                                       " is out of order, has no digest, or is not among the blobs "
                                       "that the record names");
      }
      before = entry.sha256();
    }
    return {};
  }

  template <class Entries>
  Result<void> check_held(const Entries& entries) const {
    for (const auto& entry : entries) {
      const Sha256Digest digest = digest_of(entry);
      SLUICE_TRY(const auto blob, blobs_.find(digest));
      if (!blob || blob->size != entry.size()) {
        return not_held(thing(digest), "it is not in the store, or of another size");
      }
    }
    return {};
  }

  Result<void> check_manifest(const proto::OciManifest& shown) {
    const Sha256Digest digest = digest_of(shown);
    if (shown.size() > oci::kMaxManifestBytes) {
      return not_held(thing(digest), "it has more than 4 MiB");
    }
    SLUICE_TRY(const auto reader, blobs_.open(digest));
    Bytes bytes(shown.size());
    SLUICE_TRY_VOID(reader->read_at(0, bytes));
    const auto manifest = oci::read_manifest(thing(digest), as_text(bytes), shown.media_type());
    if (!manifest) {
      return not_held(thing(digest), manifest.error().cause);
    }
    if (manifest->media_type != shown.media_type()) {
      return not_held(thing(digest), "it is no " + shown.media_type());
    }
    for (const oci::Descriptor& child : manifest->children) {
      used_.insert(child.digest);
    }
    for (const oci::Descriptor& layer : manifest->layers) {
      SLUICE_TRY_VOID(check_part(digest, layer, oci::is_distributable(layer.media_type)));
    }
    if (manifest->config) {
      SLUICE_TRY_VOID(check_part(digest, *manifest->config, true));
    }
    if (const oci::Descriptor* sif = oci::sif_layer(*manifest)) {
      sif_layers_.emplace(digest, sif->digest);
      SLUICE_TRY_VOID(check_sif_layer(sif->digest));
    }
    return check_referrer(digest, shown, *manifest);
  }

  Result<void> check_part(const Sha256Digest& manifest, const oci::Descriptor& part,
                          bool is_needed) {
    used_.insert(part.digest);
    const auto held = sizes_.find(part.digest);
    if (held == sizes_.end() ? is_needed : held->second != part.size) {
      return not_held(thing(manifest), oci::digest_text(part.digest) +
                                           " is not among the blobs of the record, or of another "
                                           "size");
    }
    return {};
  }

  Result<void> check_referrer(const Sha256Digest& digest, const proto::OciManifest& shown,
                              const oci::Manifest& manifest) const {
    const std::map<std::string, std::string> annotations(shown.annotations().begin(),
                                                         shown.annotations().end());
    const bool holds =
        manifest.subject
            ? as_bytes(shown.subject()).size() == Sha256Digest::kSize &&
                  shown.subject() == as_text(manifest.subject->digest.bytes()) &&
                  shown.artifact_type() == manifest.artifact_type &&
                  annotations == manifest.annotations
            : shown.subject().empty() && shown.artifact_type().empty() && annotations.empty();
    return holds ? Result<void>()
                 : not_held(thing(digest),
                            "it says another subject, artifact type or annotations than the "
                            "record");
  }

  Result<void> check_sif_layer(const Sha256Digest& layer) const {
    const bool is_new = std::ranges::none_of(previous_.blobs(), [&](const proto::OciBlob& blob) {
      return blob.sha256() == as_text(layer.bytes());
    });
    const auto sound = check_sif(thing(layer), layer, blobs_, rules_, is_new);
    if (!sound && (sound.error().code == ErrorCode::kInvalid ||
                   sound.error().code == ErrorCode::kIntegrity)) {
      Error error = sound.error();
      error.code = ErrorCode::kIntegrity;
      error.thing = "oci record " + error.thing;
      return error;
    }
    return sound;
  }

  // The layer of a manifest that a tag led to until now, if that is a SIF image.
  Result<std::optional<Sha256Digest>> sif_layer_before(const std::string& sha256) const {
    for (const proto::OciManifest& manifest : previous_.manifests()) {
      if (manifest.sha256() != sha256) {
        continue;
      }
      const Sha256Digest digest = digest_of(manifest);
      SLUICE_TRY(const auto read, read_held_manifest(thing(digest), digest, manifest.size(),
                                                     manifest.media_type(), blobs_));
      const oci::Descriptor* layer = oci::sif_layer(read);
      return layer == nullptr ? std::nullopt : std::optional(layer->digest);
    }
    return std::optional<Sha256Digest>();
  }

  Result<void> check_sif_tags() const {
    for (const auto& [tag, sha256] : body_.tags()) {
      const auto before = previous_.tags().find(tag);
      if (before == previous_.tags().end() || before->second == sha256) {
        continue;
      }
      SLUICE_TRY(const auto was, sif_layer_before(before->second));
      const auto layer = sif_layers_.find(present(Sha256Digest::from_bytes(as_bytes(sha256))));
      const auto is = layer == sif_layers_.end() ? std::nullopt : std::optional(layer->second);
      if (was != is) {
        return Error{ErrorCode::kIntegrity, "oci record " + document_ + ":" + tag,
                     "a SIF image keeps its name: it is to become other bytes than it has",
                     "give the new image a tag of its own"};
      }
    }
    return {};
  }

  Result<void> check_tags() const {
    std::set<std::string_view> manifests;
    for (const auto& manifest : body_.manifests()) {
      manifests.insert(manifest.sha256());
    }
    for (const auto& [tag, digest] : body_.tags()) {
      if (!oci::check_tag(tag) || !manifests.contains(digest)) {
        return not_held(document_, "a tag has no proper name, or no manifest");
      }
    }
    return {};
  }

  const std::string& document_;
  const store::BlobStore& blobs_;
  const SifRules& rules_;
  const std::set<std::string> named_;
  proto::OciRepository body_;
  proto::OciRepository previous_;                    // empty where there was none
  std::map<Sha256Digest, Sha256Digest> sif_layers_;  // by manifest
  std::map<Sha256Digest, std::uint64_t> sizes_;      // of its blobs
  std::set<Sha256Digest> used_;                      // what the manifests name
};

}  // namespace

Result<void> OciRecordCheck::check(const proto::Record& record,
                                   const std::optional<CatalogEntry>& previous,
                                   const store::BlobStore& blobs) {
  if (record.withdrawn()) {
    SLUICE_TRY_VOID(oci::parse_document(record.document()));
    return {};
  }
  return Repository(record, blobs, rules_).check(record.body(), previous);
}

}  // namespace sluice::high
