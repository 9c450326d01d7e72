// A catalog and a blob store in memory, and packages to fill them with.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <set>
#include <string>

#include "common/base/hasher.h"
#include "common/ecosystem/npm/package_name.h"
#include "common/http/message.h"
#include "common/store/blob_store.h"
#include "highside/pipeline/catalog_reader.h"
#include "sluice/npm.pb.h"

namespace sluice::high::test {

class MemoryCatalog final : public CatalogReader {
 public:
  void publish(const proto::Record& record) {
    edition_ = edition_.next();
    CatalogEntry& entry = entries_[record.document()];
    entry.document = record.document();
    entry.since = edition_;
    entry.body = record.body();
  }

  void lose(const Sha256Digest& blob) {
    lost_.insert(blob);
    ++lost_changes_;
  }
  void restore(const Sha256Digest& blob) {
    lost_.erase(blob);
    ++lost_changes_;
  }
  bool is_lost(const Sha256Digest& blob) const override { return lost_.contains(blob); }
  bool any_lost() const override { return !lost_.empty(); }
  std::uint64_t lost_changes() const override { return lost_changes_; }

  Edition current() const override { return edition_; }
  Result<std::optional<CatalogEntry>> find(Edition, std::string_view ecosystem,
                                           std::string_view document) const override {
    const auto found = entries_.find(std::string(document));
    if (ecosystem != "npm" || found == entries_.end()) {
      return std::optional<CatalogEntry>();
    }
    return std::optional(found->second);
  }
  Result<void> list(Edition, std::string_view, std::string_view prefix,
                    const std::function<bool(const CatalogEntry&)>& each) const override {
    for (const auto& [name, entry] : entries_) {
      if (name.starts_with(prefix) && !each(entry)) {
        break;
      }
    }
    return {};
  }

 private:
  Edition edition_;
  std::map<std::string, CatalogEntry> entries_;
  std::set<Sha256Digest> lost_;
  std::uint64_t lost_changes_ = 0;
};

class MemoryReader final : public store::BlobReader {
 public:
  explicit MemoryReader(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return {};
  }
  int descriptor() const override { return -1; }

 private:
  std::string bytes_;
};

// Only what mirrors use.
class MemoryBlobs : public store::BlobStore {
 public:
  Sha256Digest add(const std::string& bytes) {
    const Sha256Digest digest = sha256(as_bytes(bytes));
    blobs_[digest] = bytes;
    return digest;
  }
  void lose(const Sha256Digest& digest) { blobs_.erase(digest); }

  Result<std::optional<store::BlobInfo>> find(const Sha256Digest& digest) const override {
    const auto found = blobs_.find(digest);
    if (found == blobs_.end()) {
      return std::optional<store::BlobInfo>();
    }
    const ByteView bytes = as_bytes(found->second);
    return std::optional(store::BlobInfo{
        digest,
        bytes.size(),
        {hash(DigestAlgorithm::kSha512, bytes), hash(DigestAlgorithm::kSha1, bytes)}});
  }
  Result<std::unique_ptr<store::BlobReader>> open(const Sha256Digest& digest) const override {
    const auto found = blobs_.find(digest);
    if (found == blobs_.end()) {
      return Error{ErrorCode::kNotFound, "blob " + digest.hex(), "not held", ""};
    }
    return std::unique_ptr<store::BlobReader>(std::make_unique<MemoryReader>(found->second));
  }

  Result<void> commit(const std::vector<store::NewBlob>&, const store::Batch&) override {
    return {};
  }
  Result<std::optional<Sha256Digest>> resolve(const Digest&) const override {
    return std::optional<Sha256Digest>();
  }
  Result<void> remove(const Sha256Digest&) override { return {}; }
  Result<void> for_each(const Sha256Digest&,
                        const std::function<bool(const store::BlobInfo&)>&) const override {
    return {};
  }
  StagingPath new_staging_path() override { return {}; }
  Usage usage() const override { return {}; }

 private:
  std::map<Sha256Digest, std::string> blobs_;
};

// A package under construction; its tarballs are in `blobs`.
class Package {
 public:
  Package(std::string name, MemoryBlobs& blobs) : blobs_(blobs) {
    package.set_name(std::move(name));
  }

  // `more`: members of the manifest after name and version, as JSON text that starts with a comma.
  Package& add(const std::string& version, const std::string& bytes, const std::string& more = "") {
    auto* added = package.add_versions();
    added->set_version(version);
    added->set_manifest(manifest(version, bytes, more));
    const Sha256Digest digest = blobs_.add(bytes);
    added->set_tarball(std::string(as_text(digest.bytes())));
    added->set_size(bytes.size());
    (*package.mutable_dist_tags())["latest"] = version;
    (*package.mutable_time())[version] = "2024-02-03T04:05:06.789Z";
    return *this;
  }

  std::string manifest(const std::string& version, const std::string& bytes,
                       const std::string& more) const {
    return R"({"name":")" + package.name() + R"(","version":")" + version + '"' + more +
           R"(,"dist":{"integrity":")" + hash(DigestAlgorithm::kSha512, as_bytes(bytes)).sri() +
           R"(","tarball":"https://registry.example/odd/)" + version +
           R"(.tgz","signatures":[{"keyid":"k","sig":"s"}],"fileCount":1.50e1}})";
  }

  proto::Record record() const {
    proto::Record made;
    made.set_ecosystem("npm");
    made.set_document(package.name());
    made.set_body(package.SerializeAsString());
    for (const auto& version : package.versions()) {
      made.add_blobs(version.tarball());
    }
    return made;
  }

  proto::NpmPackage package;

 private:
  MemoryBlobs& blobs_;
};

}  // namespace sluice::high::test
