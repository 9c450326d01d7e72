#include "common/observe/events.h"

#include "common/observe/text.h"

namespace sluice::observe {

std::string_view to_string(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kNotice:
      return "notice";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "unknown";
}

std::string to_json(const Event& event) {
  std::string out = "{\"id\":" + std::to_string(event.id) + ",\"time\":\"" +
                    format_rfc3339(event.time) + "\",\"level\":\"" +
                    std::string(to_string(event.level)) +
                    "\",\"event\":" + json_string(event.name) + ",\"fields\":{";
  std::string_view comma;
  for (const auto& [key, value] : event.fields) {
    out.append(comma).append(json_string(key)).append(":").append(json_string(value));
    comma = ",";
  }
  return out + "}}";
}

std::string to_logfmt(const Event& event) {
  std::string out = event.name;
  for (const auto& [key, value] : event.fields) {
    out.append(" ").append(key).append("=").append(logfmt_value(value));
  }
  return out;
}

void EventSink::failure(Level level, std::string_view name, const Error& error, Fields more) {
  Fields fields;
  if (!error.thing.empty()) {
    fields.emplace_back("thing", error.thing);
  }
  fields.emplace_back("cause", error.cause);
  if (!error.cure.empty()) {
    fields.emplace_back("cure", error.cure);
  }
  fields.emplace_back("code", sluice::to_string(error.code));
  fields.insert(fields.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  emit(level, name, std::move(fields));
}

std::string shipment_id(std::string_view stream, ShipmentSequence sequence) {
  return std::string(stream) + "/" + std::to_string(sequence.value());
}

}  // namespace sluice::observe
