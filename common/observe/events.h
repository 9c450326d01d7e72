// What happened, as events with stable names: logged, kept for `tail` and streamed by /events.
// Names are "noun.verb" in lower case, such as "shipment.published"; the same shipment carries the
// same "shipment" field ("lab-low/17") on both sides.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/strong.h"

namespace sluice::observe {

enum class Level { kDebug, kInfo, kNotice, kWarning, kError };
std::string_view to_string(Level level);

using Fields = std::vector<std::pair<std::string_view, std::string>>;

struct Event {
  std::uint64_t id = 0;  // grows by one with each event of this run
  UtcTime time;
  Level level = Level::kInfo;
  std::string name;
  std::vector<std::pair<std::string, std::string>> fields;
};
std::string to_json(const Event& event);    // one line, without its end
std::string to_logfmt(const Event& event);  // shipment.published shipment=lab-low/17 edition=4

// Callable from any thread. A slow subscriber loses events, never the caller's time.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void emit(Level level, std::string_view name, Fields fields) = 0;

  // Fields: `thing`, `cause`, `cure`, `code`, and what the caller adds.
  void failure(Level level, std::string_view name, const Error& error, Fields more = {});
};

// "lab-low/17": how a shipment is written in events, on pages and by people.
std::string shipment_id(std::string_view stream, ShipmentSequence sequence);

}  // namespace sluice::observe
