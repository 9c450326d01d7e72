// What the transmitter needs of the spool.
#pragma once

#include <optional>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/base/strong.h"

namespace sluice::low {

struct OutgoingBlob {
  Sha256Digest digest;
  std::uint64_t size = 0;
};

// One pass of one shipment: the manifest first, then the blobs in this order.
struct OutgoingPass {
  ShipmentSequence sequence;
  std::uint32_t pass = 0;
  Bytes manifest;  // the signed bytes
  std::vector<OutgoingBlob> blobs;
};

// Callable from any thread.
class Outbox {
 public:
  virtual ~Outbox() = default;
  // The most urgent pass that is due at `now`: fresh before asked-for resends before scheduled
  // repeats. None: nothing is due.
  virtual Result<std::optional<OutgoingPass>> next_due(UtcTime now) = 0;
  // Durable: after a crash the pass is not sent again.
  virtual Result<void> mark_sent(ShipmentSequence sequence, std::uint32_t pass, UtcTime now) = 0;
  virtual ShipmentSequence highest_sent() const = 0;
  virtual ShipmentSequence oldest_held() const = 0;
};

}  // namespace sluice::low
