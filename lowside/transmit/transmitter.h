// Sends what the outbox says is due, over one lane or several.
//
//   builder thread: read, sign, code ─┬─ queue ─> lane thread: interleave, seal, pace ─> sink
//                                     └─ queue ─> lane thread …
//
// What they do is a Transmission; here are the threads and their waiting. Announces and heartbeats
// go on while nothing is due.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "lowside/transmit/transmission.h"

namespace sluice::low {

class Transmitter {
 public:
  // Begins a session (Transmission::begin). `parts.clock` must run with real time: threads wait by
  // it.
  static Result<std::unique_ptr<Transmitter>> start(const TransmitSettings& settings,
                                                    TransmitParts parts);
  // Stops within the sink's patience; a pass under way is left unmarked, to be sent again.
  ~Transmitter();

  // Something new may be due. Callable from any thread.
  void wake();
  TransmitStatus status() const { return transmission_->status(); }  // callable from any thread

 private:
  Transmitter(const TransmitSettings& settings, const Clock& clock,
              std::unique_ptr<Transmission> transmission);

  void build(const std::stop_token& stop);
  void wait_for_work(const std::stop_token& stop);
  void send(std::size_t lane, const std::stop_token& stop);

  const std::chrono::milliseconds poll_;
  const Clock& clock_;
  const std::unique_ptr<Transmission> transmission_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ = false;  // guarded by mutex_

  std::vector<std::jthread> threads_;  // last: they use all of the above
};

}  // namespace sluice::low
