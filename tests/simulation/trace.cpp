#include "tests/simulation/trace.h"

#include <cstdio>

namespace sluice::sim {

void Trace::line(std::string_view who, std::string_view what) {
  const auto passed =
      clock_ == nullptr ? std::chrono::nanoseconds(0) : clock_->steady_now() - started_;
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(passed).count();
  std::string text = std::to_string(micros);
  text.insert(0, text.size() < 10 ? 10 - text.size() : 0, ' ');
  text.append(" ").append(who).append("  ").append(what);
  for (const char c : text) {
    hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211U;
  }
  ++lines_;
  if (print_) {
    std::puts(text.c_str());
  }
  last_.push_back(std::move(text));
  if (last_.size() > kShown) {
    last_.pop_front();
  }
}

void Trace::print_last() const {
  for (const std::string& text : last_) {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
}

void TracedEvents::emit(observe::Level level, std::string_view name, observe::Fields fields) {
  std::string text(observe::to_string(level));
  text.append(" ").append(name);
  for (const auto& [key, value] : fields) {
    text.append(" ").append(key).append("=").append(value);
  }
  trace_.line(who_, text);
}

}  // namespace sluice::sim
