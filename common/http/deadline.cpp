#include "common/http/deadline.h"

namespace sluice::http {
namespace {

constexpr std::chrono::milliseconds kCancelAgain{100};

}  // namespace

Deadline::~Deadline() {
  ++state_->generation;
  state_->timer.cancel();
}

void Deadline::arm(std::chrono::milliseconds time) {
  State& state = *state_;
  state.expired = false;
  state.armed = true;
  state.at = std::chrono::steady_clock::now() + time;
  if (!state.running || state.timer.expiry() > state.at) {
    wait(state_, state.at);
  }
}

void Deadline::wait(const std::shared_ptr<State>& state, Time until) {
  state->running = true;
  const std::uint64_t generation = ++state->generation;
  state->timer.expires_at(until);
  state->timer.async_wait([state, generation](boost::system::error_code) {
    if (generation == state->generation) {  // else the socket may be gone
      fired(state);
    }
  });
}

void Deadline::fired(const std::shared_ptr<State>& state) {
  state->running = false;
  if (!state->armed) {
    return;
  }
  const Time now = std::chrono::steady_clock::now();
  if (now < state->at) {
    wait(state, state->at);
    return;
  }
  state->expired = true;
  boost::system::error_code ignored;  // a socket that is closed has nothing to cancel
  state->socket.cancel(ignored);
  wait(state, now + kCancelAgain);
}

}  // namespace sluice::http
