// The catalog as mirrors see it, and what an ecosystem adds to its checks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/strong.h"
#include "common/store/blob_store.h"
#include "sluice/shipment.pb.h"

namespace sluice::high {

// A document as one edition has it.
struct CatalogEntry {
  std::string document;
  Edition since;  // the edition that brought this state: with the document's name, a key for caches
  std::string stream;
  ShipmentSequence sequence;  // the shipment that brought it
  UtcTime published;
  std::string body;  // the ecosystem's message
};

// Callable from any thread. A request asks current() once and reads everything of that edition, so
// that it never sees two.
class CatalogReader {
 public:
  virtual ~CatalogReader() = default;
  virtual Edition current() const = 0;
  // Whether that edition can be read; find() and list() of another are kUnavailable, or see what is
  // left of it.
  virtual bool readable(Edition edition) const { return edition <= current(); }
  virtual Result<std::optional<CatalogEntry>> find(Edition edition, std::string_view ecosystem,
                                                   std::string_view document) const = 0;
  // Documents that start with `prefix`, in byte order, until `each` returns false.
  virtual Result<void> list(Edition edition, std::string_view ecosystem, std::string_view prefix,
                            const std::function<bool(const CatalogEntry&)>& each) const = 0;

  // Blobs of published shipments that were found damaged and have not arrived again. What a mirror
  // renders must not list them; asked for one, it answers 503 (lost_bytes()).
  virtual bool is_lost(const Sha256Digest& /*blob*/) const { return false; }
  virtual bool any_lost() const { return false; }
  // Grows whenever the set changes: with the edition, a key for caches.
  virtual std::uint64_t lost_changes() const { return 0; }
};

// find() and list(): it was dropped while it was being read, or before.
inline Error dropped_edition(Edition edition) {
  return {ErrorCode::kUnavailable, "edition " + std::to_string(edition.value()),
          "it is not kept any more", "ask again: the current edition has a later number"};
}

inline Error lost_bytes(std::string thing) {
  return {ErrorCode::kUnavailable, std::move(thing),
          "its bytes were found damaged on this side's disk",
          "they come back when the low side sends their shipment again: see sluice-high gaps"};
}

// An ecosystem's own check of a record before it is published: that its body reads, that the
// digests it shows to clients are those of the blobs, that the upstream's signatures hold.
// Implemented in mirror/. All blobs that the record names are in the store when it is called.
class RecordCheck {
 public:
  virtual ~RecordCheck() = default;
  virtual std::string_view ecosystem() const = 0;
  // `previous`: the document as it is now. kIntegrity, kInvalid: the shipment goes to quarantine.
  // kOutdated: older than what is held.
  virtual Result<void> check(const proto::Record& record,
                             const std::optional<CatalogEntry>& previous,
                             const store::BlobStore& blobs) = 0;
};

}  // namespace sluice::high
