#include "highside/daemon/gaps_json.h"

#include <boost/json.hpp>
#include <map>

#include "common/wire/resend_code.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

json::array numbers(const std::vector<ShipmentSequence>& sequences) {
  json::array array;
  for (const ShipmentSequence sequence : sequences) {
    array.push_back(sequence.value());
  }
  return array;
}

json::object gap_json(const Gap& gap) {
  json::array missing;
  for (const MissingBlob& blob : gap.missing) {
    missing.push_back({{"name", blob.name},
                       {"sha256", blob.digest.hex()},
                       {"size", blob.size},
                       {"held", blob.held}});
  }
  return {{"stream", gap.stream},
          {"first", gap.first.value()},
          {"last", gap.last.value()},
          {"state", to_string(gap.state)},
          {"cause", gap.cause},
          {"heard",
           gap.heard == UtcTime() ? json::value(nullptr) : json::value(format_rfc3339(gap.heard))},
          {"resendable", gap.resendable},
          {"missing_blobs", gap.missing_blobs},
          {"missing_bytes", gap.missing_bytes},
          {"missing", std::move(missing)},
          {"waits_for", numbers(gap.waits_for)},
          {"blocks", numbers(gap.blocks)}};
}

}  // namespace

// What the low sides are to send again. A shipment that only waits for another needs no sending.
Resend resend_json(const std::vector<Gap>& gaps) {
  std::map<std::string, std::vector<wire::SequenceRange>> ranges;
  for (const Gap& gap : gaps) {
    if (gap.resendable && gap.state != ShipmentState::kWaitingForAfter) {
      ranges[gap.stream].push_back({gap.first, gap.last});
    }
  }
  Resend resend;
  for (const auto& [stream, missing] : ranges) {
    const wire::ResendCodes made = wire::resend_codes(stream, missing);
    resend.streams.push_back(
        {{"stream", stream}, {"shipments", wire::to_text(missing)}, {"added", made.added}});
    for (const wire::ResendCode& code : made.codes) {
      resend.codes.push_back(
          {{"stream", stream}, {"shipments", wire::to_text(code.ranges)}, {"code", code.text}});
    }
  }
  return resend;
}

json::object gaps_json(const std::vector<Gap>& gaps) {
  json::array array;
  for (const Gap& gap : gaps) {
    array.push_back(gap_json(gap));
  }
  Resend resend = resend_json(gaps);
  return {{"gaps", std::move(array)},
          {"resend", std::move(resend.streams)},
          {"codes", std::move(resend.codes)}};
}

}  // namespace sluice::high
