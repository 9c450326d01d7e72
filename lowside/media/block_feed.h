// What an export takes from: blocks of the link, built of the chosen shipments one after another.
// The wiring implements it with the transmitter's own builder.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/base/error.h"
#include "common/base/strong.h"
#include "common/fec/block_code.h"
#include "common/media/manifest.h"
#include "common/wire/announce.h"

namespace sluice::low {

// Where the next block begins.
struct FeedPosition {
  std::uint64_t shipment = 0;  // of the chosen ones, from 0
  std::uint64_t item = 0;      // of that: 0 is the manifest, n the blob n - 1
  std::uint64_t offset = 0;    // in that
  bool operator==(const FeedPosition&) const = default;
};

class FedBlock {
 public:
  virtual ~FedBlock() = default;
  virtual const fec::Geometry& geometry() const = 0;
  virtual ByteView symbol(std::uint32_t ordinal) const = 0;  // < geometry().total_symbols()
};

// What papers say of a shipment.
struct ShipmentPapers {
  std::vector<media::ContentLine> contents;
  std::vector<ShipmentSequence> after;  // must be visible before it
};

// One thread; give_back() on any, one at a time.
class BlockFeed {
 public:
  virtual ~BlockFeed() = default;
  // The next blocks are of this session, numbered from 0.
  virtual Result<void> begin(SessionId session, const FeedPosition& from) = 0;
  // Not when done(). An Error names what cannot be exported: nothing is left out.
  virtual Result<std::unique_ptr<FedBlock>> build() = 0;
  virtual bool done() const = 0;  // everything is in blocks
  virtual FeedPosition position() const = 0;
  // Its memory may be used for another.
  virtual void give_back(std::unique_ptr<FedBlock> block) = 0;

  virtual const std::vector<ShipmentSequence>& shipments() const = 0;  // the chosen ones, ascending
  virtual std::uint64_t total_bytes() const = 0;                       // of all of them, about
  virtual Result<ShipmentPapers> papers(ShipmentSequence sequence) const = 0;
  // As a link would say it now; `lanes` is the caller's.
  virtual wire::Heartbeat heartbeat() const = 0;
};

}  // namespace sluice::low
