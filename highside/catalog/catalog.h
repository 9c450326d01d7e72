// The catalog: documents by edition.
//
// kDocuments has the key ecosystem, document, edition (pipeline/keys.h, then 8 bytes big-endian)
// and a StoredDocument as value, one for each edition that changed the document. A reader of
// edition E takes the last key at or before E, so entries of a later edition do not exist for it,
// and what is being published is invisible until the edition flips. kMeta "catalog.edition" is the
// current one.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/store/blob_store.h"
#include "common/store/key_value_store.h"
#include "highside/catalog/lost_blobs.h"
#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

class Catalog final : public CatalogReader {
 public:
  explicit Catalog(store::KeyValueStore& index) : index_(index), lost_(index) {}

  Result<void> load();  // before anything else

  Edition current() const override { return Edition(current_.load(std::memory_order_acquire)); }
  Result<std::optional<CatalogEntry>> find(Edition edition, std::string_view ecosystem,
                                           std::string_view document) const override;
  Result<void> list(Edition edition, std::string_view ecosystem, std::string_view prefix,
                    const std::function<bool(const CatalogEntry&)>& each) const override;
  bool is_lost(const Sha256Digest& blob) const override { return lost_.contains(blob); }
  bool any_lost() const override { return !lost_.empty(); }
  std::uint64_t lost_changes() const override { return lost_.changes(); }
  LostBlobs& lost() { return lost_; }
  const LostBlobs& lost() const { return lost_; }

  // Which documents of the current edition, "npm left-pad", name each of `blobs`; at most `limit`
  // for each. Reads the whole catalog: not for a hot path.
  Result<std::map<Sha256Digest, std::vector<std::string>>> documents_naming(
      const std::set<Sha256Digest>& blobs, std::size_t limit) const;

  // As find(), with tombstones: which shipment decided the document's state last.
  struct State {
    CatalogEntry entry;
    bool withdrawn = false;  // the entry's body is empty
  };
  Result<std::optional<State>> state(Edition edition, std::string_view ecosystem,
                                     std::string_view document) const;

  // Makes `records` edition current() + 1 and flips to it, in one synced batch with `along`. On
  // failure nothing has changed. One thread at a time, the publisher's; readers go on meanwhile.
  struct Change {
    const proto::Shipment& shipment;
    std::vector<const proto::Record*> records;  // of the shipment, those that apply
    UtcTime now;
  };
  Result<Edition> publish(const Change& change, store::Batch along);

 private:
  store::KeyValueStore& index_;
  LostBlobs lost_;
  std::atomic<std::uint64_t> current_{0};
};

}  // namespace sluice::high
