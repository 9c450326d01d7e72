// Server-sent events taken apart again, and written for people.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sluice::service {

// An event as JSON (observe::to_json) as a line; the JSON itself if it is none.
std::string event_line(std::string_view json);

class EventLines {
 public:
  explicit EventLines(std::function<bool(std::string_view line)> each) : each_(std::move(each)) {}

  // The next bytes of the stream, cut anywhere; false: enough.
  bool take(std::string_view bytes);
  const std::string& last_id() const { return last_id_; }
  void forget_partial() { partial_.clear(); }  // the connection broke

 private:
  std::function<bool(std::string_view line)> each_;
  std::string partial_;
  std::string last_id_;
};

}  // namespace sluice::service
