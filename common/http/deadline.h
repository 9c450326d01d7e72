// One time-out for whatever a connection is waiting for.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

namespace sluice::http {

// On expiry it cancels what waits on the socket, again and again until it is armed anew or
// disarmed: a single cancel would miss an operation whose next step is only just being queued.
// Arming and disarming are done several times for each request and only note a time: the timer is
// moved where it would fire too late, and looks at the note when it fires. All calls on the
// socket's thread; the socket outlives it.
class Deadline {
 public:
  explicit Deadline(boost::asio::ip::tcp::socket& socket)
      : state_(std::make_shared<State>(socket)) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline();

  void arm(std::chrono::milliseconds time);
  void disarm() { state_->armed = false; }
  bool expired() const { return state_->expired; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct State {
    explicit State(boost::asio::ip::tcp::socket& watched)
        : socket(watched), timer(watched.get_executor()) {}
    boost::asio::ip::tcp::socket& socket;
    boost::asio::steady_timer timer;
    std::uint64_t generation = 0;  // a handler of an earlier one does nothing
    Time at{};                     // while armed
    bool armed = false;
    bool running = false;  // the timer
    bool expired = false;
  };
  static void wait(const std::shared_ptr<State>& state, Time until);
  static void fired(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace sluice::http
