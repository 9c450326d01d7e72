// What the transmitter needs of the spool.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/base/strong.h"

namespace sluice::low {

// What is sent before what. A fresh shipment was never sent; a resend was asked for; repeats are
// due by the schedule; the carousel sends everything that is held, for a high side that starts from
// nothing.
enum class Urgency : std::uint8_t { kFresh, kResend, kRepeat, kCarousel };
inline constexpr std::array kUrgencies{Urgency::kFresh, Urgency::kResend, Urgency::kRepeat,
                                       Urgency::kCarousel};  // the most urgent first
std::string_view to_string(Urgency urgency);                 // "fresh", "resend", …

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
  Urgency urgency = Urgency::kFresh;
};

struct PassName {
  ShipmentSequence sequence;
  std::uint32_t pass = 0;
  bool operator==(const PassName&) const = default;
};
using PassNames = std::vector<PassName>;

// Callable from any thread.
class Outbox {
 public:
  virtual ~Outbox() = default;
  // The pass of that urgency which comes next, if one is due at `now`; the same until it is marked,
  // but for those of that urgency that are under way already: in the order in which they were
  // given, in which they will be marked.
  virtual Result<std::optional<OutgoingPass>> next_due(UtcTime now, Urgency urgency,
                                                       const PassNames& under_way) = 0;
  // Durable, but for the carousel's: after a crash the pass is not sent again.
  virtual Result<void> mark_sent(ShipmentSequence sequence, std::uint32_t pass, Urgency urgency,
                                 UtcTime now) = 0;
  // Another number than before when something else may be due than before, but for what only time
  // makes due. Takes no lock.
  virtual std::uint64_t changes() const = 0;
  virtual ShipmentSequence highest_sent() const = 0;
  virtual ShipmentSequence oldest_held() const = 0;
};

}  // namespace sluice::low
