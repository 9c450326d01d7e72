// What /status, `gaps` and the pages show of assembly, commit and catalog. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/strong.h"

namespace sluice::high {

struct AssemblyStatus {
  std::uint64_t queued_bytes = 0;    // blocks that wait for the assembler
  std::uint64_t blobs = 0;           // begun, not durable yet
  std::uint64_t held_bytes = 0;      // of those, on disk
  std::uint64_t reserved_bytes = 0;  // their whole sizes, which count against the staging limit
  std::uint64_t finishing = 0;       // whole, on their way to the store
  bool refusing = false;             // new blobs are refused: the staging limit or a full disk
};

struct CommitStatus {
  std::uint64_t queued_blobs = 0;
  std::uint64_t queued_bytes = 0;  // of inline blobs
  bool stalled = false;            // the store takes nothing; `trouble` says why
  std::string trouble;
};

// What became of a shipment that is not published.
enum class ShipmentState {
  kNeverHeard,       // the sender has sent it, and nothing of it arrived
  kNeedsBaseline,    // older than what the sender could still offer when this side began
  kAnnounced,        // its notice arrived, its manifest did not
  kWaitingForBlobs,  // its manifest is held and was checked
  kWaitingForAfter,  // whole, but a shipment before it is not published
  kRefused,          // `cause` says why
  kDamaged,          // published; blobs of it were found damaged, and are gone
};
std::string_view to_string(ShipmentState state);  // "never-heard", …

struct MissingBlob {
  Sha256Digest digest;
  std::string name;  // for people; "manifest" for the manifest itself
  std::uint64_t size = 0;
  std::uint64_t held = 0;
};

// Shipments [first, last] of a stream that are not visible, or not whole any more; more than one
// only where nothing is known about them.
struct Gap {
  std::string stream;
  ShipmentSequence first;
  ShipmentSequence last;
  ShipmentState state = ShipmentState::kNeverHeard;
  std::string cause;                        // why it was refused or set aside
  UtcTime heard;                            // when its notice arrived; the epoch if never
  bool resendable = true;                   // the sender's spool still has all of it
  std::vector<MissingBlob> missing;         // the first of them
  std::uint64_t missing_blobs = 0;          // all of them
  std::uint64_t missing_bytes = 0;          // of those listed in `missing`, less what is held
  std::vector<ShipmentSequence> waits_for;  // kWaitingForAfter
  std::vector<ShipmentSequence> blocks;     // shipments known to wait for this one
};

struct StreamStatus {
  std::string stream;
  ShipmentSequence highest;
  ShipmentSequence oldest;
  std::uint64_t published = 0;
  std::uint64_t open = 0;         // heard of, not published
  std::uint64_t never_heard = 0;  // below the highest, nothing arrived
  UtcTime last_heartbeat;         // arrival; the epoch if none in this run
};

struct CatalogStatus {
  Edition edition;
  std::vector<StreamStatus> streams;
  std::uint64_t waiting_blobs = 0;  // that open shipments wait for
  std::uint64_t lost_blobs = 0;     // of published shipments, found damaged
};

}  // namespace sluice::high
