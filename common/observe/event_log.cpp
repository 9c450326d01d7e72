#include "common/observe/event_log.h"

namespace sluice::observe {

EventLog::EventLog(const Clock& clock, std::unique_ptr<LogWriter> writer, std::size_t recent)
    : clock_(clock),
      run_(to_unix_micros(clock.utc_now())),
      recent_(recent),
      writer_(std::move(writer)) {
  SLUICE_ASSERT(recent_ > 0);
}

void EventLog::emit(Level level, std::string_view name, Fields fields) {
  Event event;
  event.level = level;
  event.name = name;
  for (auto& [key, value] : fields) {
    if (value.size() > kMaxFieldBytes) {
      value.resize(kMaxFieldBytes);
      value += "…";
    }
    event.fields.emplace_back(key, std::move(value));
  }
  {
    const std::lock_guard lock(mutex_);
    // Under the lock, so that times and lines of the log come in the order of the ids.
    event.time = clock_.utc_now();
    event.id = next_id_++;
    if (writer_) {
      writer_->write(event);
    }
    if (events_.size() == recent_) {
      events_.pop_front();
    }
    events_.push_back(std::move(event));
  }
  changed_.notify_all();
}

std::uint64_t EventLog::last_id() {
  const std::lock_guard lock(mutex_);
  return next_id_ - 1;
}

void EventLog::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

std::optional<Event> Subscription::next(std::chrono::milliseconds wait) {
  std::unique_lock lock(log_.mutex_);
  log_.changed_.wait_for(lock, wait, [this] { return log_.closed_ || next_ < log_.next_id_; });
  if (next_ >= log_.next_id_) {
    return std::nullopt;
  }
  const std::uint64_t oldest = log_.events_.front().id;
  // Who starts with 0 asks for what is held, and has lost nothing.
  if (next_ < oldest && next_ > 1) {
    const std::uint64_t lost = oldest - next_;
    next_ = oldest;
    return Event{.id = oldest - 1,
                 .time = log_.clock_.utc_now(),
                 .level = Level::kWarning,
                 .name = "events.lost",
                 .fields = {{"count", std::to_string(lost)}}};
  }
  next_ = std::max(next_, oldest);
  const Event& event = log_.events_[next_ - oldest];
  ++next_;
  return event;
}

bool Subscription::closed() const {
  const std::lock_guard lock(log_.mutex_);
  return log_.closed_;
}

}  // namespace sluice::observe
