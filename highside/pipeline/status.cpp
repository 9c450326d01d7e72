#include "highside/pipeline/status.h"

namespace sluice::high {

std::string_view to_string(ShipmentState state) {
  switch (state) {
    case ShipmentState::kNeverHeard:
      return "never-heard";
    case ShipmentState::kNeedsBaseline:
      return "needs-baseline";
    case ShipmentState::kAnnounced:
      return "announced";
    case ShipmentState::kWaitingForBlobs:
      return "waiting-for-blobs";
    case ShipmentState::kWaitingForAfter:
      return "waiting-for-after";
    case ShipmentState::kRefused:
      return "refused";
    case ShipmentState::kDamaged:
      return "damaged";
  }
  return "unknown";
}

}  // namespace sluice::high
