// What the connections of one server share.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <future>
#include <unordered_set>

#include "common/base/clock.h"
#include "common/http/answer_cache.h"
#include "common/http/server.h"

namespace sluice::http {

class OpenConnection {
 public:
  virtual ~OpenConnection() = default;
  virtual void stop_if_idle() = 0;  // no request is under way
  virtual void cut_off() = 0;
};

// Used by all loops.
struct Hub {
  Hub(const ServerOptions& options, Handler handle, observe::Counters& count,
      observe::EventSink& tell)
      : limits(options.limits),
        handler(std::move(handle)),
        receiver(options.receive),
        cache(options.cache),
        counters(count),
        events(tell),
        workers(options.workers),
        streams(options.limits.event_streams) {}

  const Limits limits;
  const Handler handler;
  const Receiver receiver;
  AnswerCache cache;
  observe::Counters& counters;
  observe::EventSink& events;
  SystemClock clock;
  boost::asio::thread_pool workers;
  boost::asio::thread_pool streams;
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> waiting_requests = 0;
  std::atomic<std::size_t> open_streams = 0;
  std::atomic<std::size_t> open_uploads = 0;
  std::atomic<bool> stopping = false;
};

// One of what a limit allows, while it lives.
class Place {
 public:
  Place(std::atomic<std::size_t>& taken, std::size_t limit)
      : taken_(taken), has_(taken.fetch_add(1) < limit) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { --taken_; }
  explicit operator bool() const { return has_; }

 private:
  std::atomic<std::size_t>& taken_;
  const bool has_;
};

// One I/O thread and its connections; everything here is used by that thread alone.
struct Loop {
  explicit Loop(Hub& all) : hub(all) {}

  void add(OpenConnection* connection) { open.insert(connection); }
  void remove(OpenConnection* connection) {
    open.erase(connection);
    if (stopping && open.empty()) {
      drained.set_value();
    }
  }
  void begin_to_stop() {
    stopping = true;
    if (open.empty()) {
      drained.set_value();
    }
    for (OpenConnection* connection : open) {
      connection->stop_if_idle();
    }
  }
  void cut_off() {
    for (OpenConnection* connection : open) {
      connection->cut_off();
    }
  }

  Hub& hub;
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  std::unordered_set<OpenConnection*> open;
  bool stopping = false;
  std::promise<void> drained;  // set when stopping and nothing is open
};

}  // namespace sluice::http
