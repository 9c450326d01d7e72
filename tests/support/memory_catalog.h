// A catalog and a blob store in memory, for tests of mirrors and their record checks.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "common/base/hasher.h"
#include "common/store/blob_store.h"
#include "highside/pipeline/catalog_reader.h"

namespace sluice::high::test {

class MemoryCatalog final : public CatalogReader {
 public:
  void publish(const proto::Record& record) {
    edition_ = edition_.next();
    CatalogEntry& entry = entries_[{record.ecosystem(), record.document()}];
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
    const auto found = entries_.find({std::string(ecosystem), std::string(document)});
    return found == entries_.end() ? std::optional<CatalogEntry>() : std::optional(found->second);
  }
  Result<void> list(Edition, std::string_view ecosystem, std::string_view prefix,
                    const std::function<bool(const CatalogEntry&)>& each) const override {
    for (const auto& [key, entry] : entries_) {
      if (key.first == ecosystem && key.second.starts_with(prefix) && !each(entry)) {
        break;
      }
    }
    return {};
  }

 private:
  Edition edition_;
  std::map<std::pair<std::string, std::string>, CatalogEntry> entries_;  // ecosystem, document
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

}  // namespace sluice::high::test
