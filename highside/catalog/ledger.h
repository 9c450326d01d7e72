// What is known about every shipment of every stream: the difference between what the sender has
// sent and what is visible here is what is missing, and nothing else has to be believed.
//
// On disk: kGaps holds a StoredStream for each stream, kShipments a StoredShipment for each
// shipment that was ever heard of (pipeline/keys.h: stream, then sequence big-endian). In memory:
// published sequences as ranges, and the open ones.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/store/blob_store.h"
#include "common/store/key_value_store.h"
#include "common/wire/announce.h"
#include "common/wire/block.h"
#include "highside/pipeline/range_set.h"
#include "highside/pipeline/status.h"

namespace sluice::high {

// Names a shipment.
struct ShipmentRef {
  std::string stream;
  std::uint64_t sequence = 0;
  auto operator<=>(const ShipmentRef&) const = default;
};

// What is on disk of a shipment.
struct LedgerEntry {
  ShipmentRef ref;
  Sha256Digest manifest;
  bool published = false;
  Edition edition;  // that made it visible
  UtcTime published_at;
};

// Heard of, and not published.
struct OpenShipment {
  ShipmentState state = ShipmentState::kAnnounced;
  Sha256Digest manifest;
  std::uint64_t manifest_bytes = 0;
  std::string cause;
  UtcTime heard;
  std::size_t missing = 0;               // blobs that are awaited
  std::vector<std::uint64_t> waits_for;  // shipments that are not published
};

// One thread at a time: the publisher's lock guards it.
class Ledger {
 public:
  // Open shipments of a stream in memory: 300 bytes each, and 900 more with all predecessors and
  // the longest cause. Further notices are not taken; their shipments stay "never heard" until a
  // later pass.
  static constexpr std::size_t kMaxOpen = 100'000;
  // Why a shipment was refused names what it is about, and names may be the sender's.
  static constexpr std::size_t kMaxCauseBytes = 512;
  // No sender counts so far; larger numbers are not taken, so that ranges cannot overflow.
  static constexpr std::uint64_t kMaxSequence = std::uint64_t{1} << 62;

  struct Stream {
    std::uint64_t highest = 0;
    std::uint64_t oldest = 0;
    std::uint64_t base = 0;  // 0 until the first heartbeat
    RangeSet published;
    std::map<std::uint64_t, OpenShipment> open;
    UtcTime last_heartbeat;
  };

  explicit Ledger(store::KeyValueStore& index) : index_(index) {}

  // What a former run knew. Refused shipments are open again: what refused them may be mended.
  Result<void> load();

  enum class Notice { kNew, kKnown, kPublished, kConflict, kTooMany, kBadSequence };
  Notice announced(const std::string& stream, const wire::ShipmentNotice& notice, UtcTime now);
  void heartbeat(const std::string& stream, const wire::Heartbeat& heartbeat, UtcTime arrived);

  OpenShipment* find(const ShipmentRef& ref);
  bool is_published(const ShipmentRef& ref) const;
  // Every shipment that was ever heard of; the latest of a stream first.
  Result<std::vector<LedgerEntry>> entries() const;
  void refuse(const ShipmentRef& ref, std::string_view cause);
  // What hinders it meanwhile; true if that is another cause than before.
  bool hinder(const ShipmentRef& ref, std::string_view cause);

  // The entry that becomes durable together with the shipment's records; then published() after it
  // has. From here on save() leaves the shipment alone: a failed batch may come back after a crash,
  // and an older state written behind it would have the shipment published twice.
  void put_published(const ShipmentRef& ref, Edition edition, UtcTime now, store::Batch& batch);
  void published(const ShipmentRef& ref);

  // The site's own stream: nothing announces its shipments. Its next number, which nobody else
  // takes until it is published; its entry; then published().
  std::uint64_t next_own(const std::string& stream) const;
  static void put_own(const ShipmentRef& ref, const store::BlobInfo& manifest, Edition edition,
                      UtcTime now, store::Batch& batch);

  // Writes what has changed since the last time, unsynced: lost in a crash it is heard again.
  Result<void> save();

  const std::map<std::string, Stream>& streams() const { return streams_; }
  std::uint64_t open_gaps() const;  // sequences that are not visible

 private:
  Result<void> load_streams();
  Result<void> load_shipments();

  store::KeyValueStore& index_;
  std::map<std::string, Stream> streams_;
  std::set<std::string> changed_streams_;
  std::set<ShipmentRef> changed_shipments_;
};

}  // namespace sluice::high
