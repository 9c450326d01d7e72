#include "common/service/event_line.h"

#include <boost/json/parse.hpp>

#include "common/base/text.h"
#include "common/observe/text.h"

namespace sluice::service {
namespace {

namespace json = boost::json;

// An event with fields of their greatest size is below.
constexpr std::size_t kMaxPartialBytes = std::size_t{1} << 20;

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

}  // namespace

std::string event_line(std::string_view text) {
  boost::system::error_code error;
  const json::value event = json::parse(text, error);
  if (error || !event.is_object()) {
    return std::string(text);
  }
  const json::object& object = event.get_object();
  std::string line =
      text_of(object, "time") + " " + text_of(object, "level") + " " + text_of(object, "event");
  if (const auto* fields = object.if_contains("fields"); fields != nullptr && fields->is_object()) {
    for (const auto& [key, value] : fields->get_object()) {
      if (value.is_string()) {
        line += " " + std::string(key) + "=" + observe::logfmt_value(value.get_string());
      }
    }
  }
  return line;
}

bool EventLines::take(std::string_view bytes) {
  partial_ += bytes;
  for (;;) {
    const std::size_t end = partial_.find("\n\n");
    if (end == std::string::npos) {
      if (partial_.size() > kMaxPartialBytes) {
        partial_.clear();  // no stream of ours
      }
      return true;
    }
    const std::string block = partial_.substr(0, end);
    partial_.erase(0, end + 2);
    for (const std::string_view line : split(block, '\n')) {
      if (line.starts_with("id: ")) {
        last_id_ = line.substr(4);
      } else if (line.starts_with("data: ") && !each_(event_line(line.substr(6)))) {
        return false;
      }
    }
  }
}

}  // namespace sluice::service
