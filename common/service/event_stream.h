// Events as server-sent events (WHATWG HTML, section 9.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/http/message.h"
#include "common/observe/event_log.h"

namespace sluice::service {

// "id: 1764000000000000-17\ndata: {…}\n\n". The run keeps a client that comes back after a restart
// from asking behind a number that the new run has not reached.
std::string to_server_sent(std::int64_t run, const observe::Event& event);

// The event behind which to start: what Last-Event-ID names, if it is of this run; else the last N
// of "last=N"; else 0, all that are held.
std::uint64_t first_after(observe::EventLog& log, std::optional<std::string_view> last_event_id,
                          std::string_view query);

class EventStream final : public http::BodyStream {
 public:
  EventStream(observe::EventLog& log, std::uint64_t after) : log_(log), subscription_(log, after) {}
  std::optional<std::string> next() override;

 private:
  observe::EventLog& log_;
  observe::Subscription subscription_;
  int quiet_rounds_ = 0;
};

}  // namespace sluice::service
