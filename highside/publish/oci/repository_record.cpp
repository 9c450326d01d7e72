#include "highside/publish/oci/repository_record.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <map>

#include "common/base/text.h"
#include "common/ecosystem/oci/names.h"

namespace sluice::high {
namespace {

// As the record's check has them.
constexpr int kMaxManifests = 100'000;
constexpr std::size_t kMaxTags = 100'000;

std::string raw(const Sha256Digest& digest) { return std::string(as_text(digest.bytes())); }

template <class Entries>
auto find(Entries& entries, const std::string& sha256) {
  const auto found = std::lower_bound(
      entries.begin(), entries.end(), sha256,
      [](const auto& entry, const std::string& digest) { return entry.sha256() < digest; });
  return found != entries.end() && found->sha256() == sha256 ? found : entries.end();
}

template <class Entries>
void sort(Entries& entries) {
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.sha256() < b.sha256(); });
}

// The same state is always the same bytes.
std::string written(const proto::OciRepository& repository) {
  std::string text;
  google::protobuf::io::StringOutputStream out(&text);
  google::protobuf::io::CodedOutputStream coded(&out);
  coded.SetSerializationDeterministic(true);
  repository.SerializeToCodedStream(&coded);
  coded.Trim();
  return text;
}

proto::Record record_of(const std::string& document, const proto::OciRepository& repository) {
  proto::Record record;
  record.set_ecosystem(std::string(oci::kEcosystem));
  record.set_document(document);
  if (repository.manifests().empty()) {
    record.set_withdrawn(true);
    return record;
  }
  for (const auto& manifest : repository.manifests()) {
    record.add_blobs(manifest.sha256());
  }
  for (const auto& blob : repository.blobs()) {
    record.add_blobs(blob.sha256());
  }
  record.set_body(written(repository));
  return record;
}

Error refused(const std::string& document, std::string cause, std::string cure) {
  return {ErrorCode::kRefused, document, std::move(cause), std::move(cure)};
}

Error unknown(const std::string& thing) {
  return {ErrorCode::kNotFound, thing, "there is none in the repository", ""};
}

void set_manifest(proto::OciManifest& entry, const PushedManifest& pushed) {
  entry.set_sha256(raw(pushed.digest));
  entry.set_size(pushed.size);
  entry.set_media_type(pushed.manifest.media_type);
  if (pushed.manifest.subject) {
    entry.set_subject(raw(pushed.manifest.subject->digest));
    entry.set_artifact_type(pushed.manifest.artifact_type);
    entry.mutable_annotations()->insert(pushed.manifest.annotations.begin(),
                                        pushed.manifest.annotations.end());
  }
}

// What it needs of blobs: an index only those of its parts that are no manifests.
std::vector<oci::Descriptor> blobs_of(const oci::Manifest& manifest) {
  std::vector<oci::Descriptor> blobs = manifest.required_blobs();
  for (const oci::Descriptor& child : manifest.children) {
    if (!oci::is_manifest_type(child.media_type)) {
      blobs.push_back(child);
    }
  }
  return blobs;
}

void add_blobs(proto::OciRepository& repository, const oci::Manifest& manifest) {
  std::set<std::string> held;
  for (const auto& blob : repository.blobs()) {
    held.insert(blob.sha256());
  }
  for (const oci::Descriptor& blob : blobs_of(manifest)) {
    if (held.insert(raw(blob.digest)).second) {
      auto& entry = *repository.add_blobs();
      entry.set_sha256(raw(blob.digest));
      entry.set_size(blob.size);
    }
  }
  sort(*repository.mutable_blobs());
}

template <class Entries, class Keep>
void keep_only(Entries& entries, const Keep& keep) {
  entries.erase(std::remove_if(entries.begin(), entries.end(),
                               [&](const auto& entry) { return !keep(entry); }),
                entries.end());
}

// What each manifest names, by its digest.
struct Parts {
  std::map<std::string, std::set<std::string>> children;  // of an index, manifests and blobs
  std::map<std::string, std::set<std::string>> blobs;     // configuration and layers
};

Result<Parts> parts_of(const proto::OciRepository& repository, const LoadManifest& load) {
  Parts parts;
  for (const auto& entry : repository.manifests()) {
    SLUICE_TRY(const oci::Manifest manifest, load(entry));
    for (const oci::Descriptor& child : manifest.children) {
      parts.children[entry.sha256()].insert(raw(child.digest));
    }
    std::set<std::string>& blobs = parts.blobs[entry.sha256()];
    for (const oci::Descriptor& layer : manifest.layers) {
      blobs.insert(raw(layer.digest));
    }
    if (manifest.config) {
      blobs.insert(raw(manifest.config->digest));
    }
  }
  return parts;
}

void take_away(proto::OciRepository& repository, const std::set<std::string>& gone,
               const Parts& parts) {
  keep_only(*repository.mutable_manifests(),
            [&](const auto& manifest) { return !gone.contains(manifest.sha256()); });
  std::set<std::string> needed;
  for (const auto& manifest : repository.manifests()) {
    for (const auto* of : {&parts.children, &parts.blobs}) {
      if (const auto named = of->find(manifest.sha256()); named != of->end()) {
        needed.insert(named->second.begin(), named->second.end());
      }
    }
  }
  keep_only(*repository.mutable_blobs(),
            [&](const auto& blob) { return needed.contains(blob.sha256()); });
  auto& tags = *repository.mutable_tags();
  for (auto tag = tags.begin(); tag != tags.end();) {
    tag = gone.contains(tag->second) ? tags.erase(tag) : std::next(tag);
  }
}

}  // namespace

Result<proto::OciRepository> repository_of(const std::string& document,
                                           const std::optional<CatalogEntry>& now) {
  proto::OciRepository repository;
  if (now && !repository.ParseFromString(now->body)) {
    return Error{ErrorCode::kIo, document, "its record cannot be read", "check the catalog's disk"};
  }
  repository.set_name(document);
  return repository;
}

std::optional<std::uint64_t> size_in(const proto::OciRepository& repository,
                                     const Sha256Digest& digest) {
  if (const auto blob = find(repository.blobs(), raw(digest)); blob != repository.blobs().end()) {
    return blob->size();
  }
  const auto manifest = find(repository.manifests(), raw(digest));
  return manifest != repository.manifests().end() ? std::optional(manifest->size()) : std::nullopt;
}

LoadManifest load_from(const store::BlobStore& blobs) {
  return [&blobs](const proto::OciManifest& entry) -> Result<oci::Manifest> {
    const auto name = Sha256Digest::from_bytes(as_bytes(entry.sha256()));
    if (!name) {
      return Error{ErrorCode::kIo, "manifest", "its record cannot be read",
                   "check the catalog's disk"};
    }
    SLUICE_TRY(const auto reader, blobs.open(*name));
    Bytes bytes(reader->size());
    SLUICE_TRY_VOID(reader->read_at(0, bytes));
    return oci::read_manifest(oci::digest_text(*name), as_text(bytes), entry.media_type());
  };
}

std::vector<Sha256Digest> missing_blobs(const proto::OciRepository& repository,
                                        const oci::Manifest& manifest, const BlobSize& pushed) {
  std::vector<Sha256Digest> missing;
  for (const oci::Descriptor& blob : blobs_of(manifest)) {
    const auto held = find(repository.blobs(), raw(blob.digest));
    const auto size =
        held == repository.blobs().end() ? pushed(blob.digest) : std::optional(held->size());
    if (size != blob.size) {
      missing.push_back(blob.digest);
    }
  }
  for (const oci::Descriptor& child : manifest.children) {
    const auto& manifests = repository.manifests();
    const auto held = find(manifests, raw(child.digest));
    if (oci::is_manifest_type(child.media_type) &&
        (held == manifests.end() || held->size() != child.size)) {
      missing.push_back(child.digest);
    }
  }
  return missing;
}

Result<std::optional<proto::Record>> with_manifest(const std::string& document,
                                                   const std::optional<CatalogEntry>& now,
                                                   const PushedManifest& pushed,
                                                   const BlobSize& sizes, bool keeps_tags) {
  SLUICE_TRY(proto::OciRepository repository, repository_of(document, now));
  if (!missing_blobs(repository, pushed.manifest, sizes).empty()) {
    return Error{ErrorCode::kNotFound, document, "something that the manifest names is not here",
                 "push it again"};
  }
  const std::string digest = raw(pushed.digest);
  const bool is_new = find(repository.manifests(), digest) == repository.manifests().end();
  auto& tags = *repository.mutable_tags();
  const auto tagged = tags.find(pushed.tag);
  const bool is_tagged = pushed.tag.empty() || (tagged != tags.end() && tagged->second == digest);
  if (!is_new && is_tagged) {
    return std::optional<proto::Record>();
  }
  if (keeps_tags && !is_tagged && tagged != tags.end()) {
    return refused(document + ":" + pushed.tag,
                   "it is there with other bytes, and its namespace is immutable",
                   "push it under another tag");
  }
  if (repository.manifests_size() >= kMaxManifests || tags.size() >= kMaxTags) {
    return refused(document, "it has as many manifests or tags as it can have",
                   "delete what is not needed, or push to another repository");
  }
  if (is_new) {
    set_manifest(*repository.add_manifests(), pushed);
    sort(*repository.mutable_manifests());
    add_blobs(repository, pushed.manifest);
  }
  if (!pushed.tag.empty()) {
    tags[pushed.tag] = digest;
  }
  return std::optional(record_of(document, repository));
}

Result<std::optional<proto::Record>> without_tag(const std::string& document,
                                                 const std::optional<CatalogEntry>& now,
                                                 const std::string& tag) {
  SLUICE_TRY(proto::OciRepository repository, repository_of(document, now));
  if (repository.mutable_tags()->erase(tag) == 0) {
    return unknown(document + ":" + tag);
  }
  return std::optional(record_of(document, repository));
}

Result<std::optional<proto::Record>> without_manifest(const std::string& document,
                                                      const std::optional<CatalogEntry>& now,
                                                      const Sha256Digest& digest,
                                                      const LoadManifest& load) {
  SLUICE_TRY(proto::OciRepository repository, repository_of(document, now));
  const std::string gone = raw(digest);
  if (find(repository.manifests(), gone) == repository.manifests().end()) {
    return unknown(document + "@" + oci::digest_text(digest));
  }
  SLUICE_TRY(const Parts parts, parts_of(repository, load));
  for (const auto& [index, children] : parts.children) {
    if (index != gone && children.contains(gone)) {
      return refused(document + "@" + oci::digest_text(digest),
                     "the index sha256:" + hex_encode(as_bytes(index)) + " names it",
                     "delete that one first");
    }
  }
  take_away(repository, {gone}, parts);
  return std::optional(record_of(document, repository));
}

}  // namespace sluice::high
