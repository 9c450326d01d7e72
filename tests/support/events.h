// An EventSink that keeps what it is told.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "common/observe/events.h"

namespace sluice::test {

class RecordedEvents final : public observe::EventSink {
 public:
  void emit(observe::Level level, std::string_view name, observe::Fields fields) override {
    const std::scoped_lock lock(mutex_);
    observe::Event event;
    event.id = events_.size() + 1;
    event.level = level;
    event.name = name;
    for (auto& [key, value] : fields) {
      event.fields.emplace_back(std::string(key), std::move(value));
    }
    events_.push_back(std::move(event));
  }

  std::vector<observe::Event> all() const {
    const std::scoped_lock lock(mutex_);
    return events_;
  }
  std::vector<observe::Event> named(std::string_view name) const {
    const std::scoped_lock lock(mutex_);
    std::vector<observe::Event> found;
    for (const observe::Event& event : events_) {
      if (event.name == name) {
        found.push_back(event);
      }
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<observe::Event> events_;
};

// The value of a field; empty if the event has none of that name.
inline std::string field(const observe::Event& event, std::string_view key) {
  for (const auto& [name, value] : event.fields) {
    if (name == key) {
      return value;
    }
  }
  return {};
}

}  // namespace sluice::test
