#include "lowside/pipeline/outbox.h"

namespace sluice::low {

std::string_view to_string(Urgency urgency) {
  switch (urgency) {
    case Urgency::kFresh:
      return "fresh";
    case Urgency::kResend:
      return "resend";
    case Urgency::kRepeat:
      return "repeat";
    case Urgency::kCarousel:
      return "carousel";
  }
  return "";
}

}  // namespace sluice::low
