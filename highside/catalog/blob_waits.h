// Which shipments wait for which blobs.
#pragma once

#include <unordered_map>
#include <vector>

#include "common/base/digest.h"
#include "highside/catalog/ledger.h"

namespace sluice::high {

// One thread at a time. About 120 bytes for each wait; the publisher bounds their number.
class BlobWaits {
 public:
  void add(const Sha256Digest& blob, const ShipmentRef& shipment) {
    waits_.emplace(blob, shipment);
  }
  // False if there is no such wait.
  bool remove(const Sha256Digest& blob, const ShipmentRef& shipment);
  // Those who wait for the blob; they do no longer.
  std::vector<ShipmentRef> take(const Sha256Digest& blob);
  std::vector<ShipmentRef> waiting(const Sha256Digest& blob) const;
  std::size_t size() const { return waits_.size(); }

 private:
  std::unordered_multimap<Sha256Digest, ShipmentRef> waits_;
};

}  // namespace sluice::high
