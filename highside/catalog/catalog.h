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
#include "highside/catalog/editions.h"
#include "highside/catalog/lost_blobs.h"
#include "highside/pipeline/catalog_reader.h"
#include "sluice/stored_ledger.pb.h"

namespace sluice::high {

class Catalog final : public CatalogReader {
 public:
  explicit Catalog(store::KeyValueStore& index) : index_(index), lost_(index), editions_(index) {}

  Result<void> load();  // before anything else

  Edition current() const override { return Edition(current_.load(std::memory_order_acquire)); }
  bool readable(Edition edition) const override {
    return edition <= current() && editions_.kept(edition);
  }
  Result<std::optional<CatalogEntry>> find(Edition edition, std::string_view ecosystem,
                                           std::string_view document) const override;
  Result<void> list(Edition edition, std::string_view ecosystem, std::string_view prefix,
                    const std::function<bool(const CatalogEntry&)>& each) const override;
  bool is_lost(const Sha256Digest& blob) const override { return lost_.contains(blob); }
  bool any_lost() const override { return !lost_.empty(); }
  std::uint64_t lost_changes() const override { return lost_.changes(); }
  LostBlobs& lost() { return lost_; }
  const LostBlobs& lost() const { return lost_; }
  Editions& editions() { return editions_; }
  const Editions& editions() const { return editions_; }

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

  // A document whose state differs between two editions; none where it is not there.
  struct Difference {
    std::string ecosystem;
    std::string document;
    std::optional<CatalogEntry> before;
    std::optional<CatalogEntry> after;
    std::string key;  // to go on behind it
  };
  // By ecosystem and document, behind the one of `key` ("": from the start), until `each` returns
  // false. The same body brought again is no difference. Reads the whole catalog: not for a hot
  // path. kUnavailable: one of them cannot be read.
  Result<void> compare(Edition from, Edition to, std::string_view key,
                       const std::function<bool(Difference)>& each) const;

  // Gives `shown` every state of a document that an edition of `kept` sees, or whose successor has
  // not been published, and counts the others. With `drop` those are removed, durably; `kept` is
  // what Editions::retire() answered. Publishing may go on meanwhile: what it adds may be missed.
  struct Swept {
    std::uint64_t states = 0;   // all
    std::uint64_t dropped = 0;  // or would be
  };
  Result<Swept> sweep(const KeptEditions& kept, bool drop,
                      const std::function<void(const proto::StoredDocument&)>& shown);

 private:
  class Sweep;
  Result<void> still_readable(Edition edition) const;

  store::KeyValueStore& index_;
  LostBlobs lost_;
  Editions editions_;
  std::atomic<std::uint64_t> current_{0};
};

}  // namespace sluice::high
