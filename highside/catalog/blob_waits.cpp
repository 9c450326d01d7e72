#include "highside/catalog/blob_waits.h"

namespace sluice::high {

bool BlobWaits::remove(const Sha256Digest& blob, const ShipmentRef& shipment) {
  const auto [first, last] = waits_.equal_range(blob);
  for (auto wait = first; wait != last; ++wait) {
    if (wait->second == shipment) {
      waits_.erase(wait);
      return true;
    }
  }
  return false;
}

std::vector<ShipmentRef> BlobWaits::waiting(const Sha256Digest& blob) const {
  const auto [first, last] = waits_.equal_range(blob);
  std::vector<ShipmentRef> shipments;
  for (auto wait = first; wait != last; ++wait) {
    shipments.push_back(wait->second);
  }
  return shipments;
}

std::vector<ShipmentRef> BlobWaits::take(const Sha256Digest& blob) {
  const auto [first, last] = waits_.equal_range(blob);
  std::vector<ShipmentRef> shipments;
  for (auto wait = first; wait != last; ++wait) {
    shipments.push_back(std::move(wait->second));
  }
  waits_.erase(first, last);
  return shipments;
}

}  // namespace sluice::high
