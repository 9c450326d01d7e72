#include "common/http/deadline.h"

namespace sluice::http {
namespace {

constexpr std::chrono::milliseconds kCancelAgain{100};

}  // namespace

void Deadline::arm(std::chrono::milliseconds time) {
  disarm();
  state_->expired = false;
  state_->timer.expires_after(time);
  wait(state_);
}

void Deadline::disarm() {
  ++state_->generation;
  state_->timer.cancel();
}

void Deadline::wait(const std::shared_ptr<State>& state) {
  state->timer.async_wait([state, generation = state->generation](boost::system::error_code) {
    if (generation != state->generation) {
      return;  // the socket may be gone
    }
    state->expired = true;
    boost::system::error_code ignored;  // a socket that is closed has nothing to cancel
    state->socket.cancel(ignored);
    state->timer.expires_after(kCancelAgain);
    wait(state);
  });
}

}  // namespace sluice::http
