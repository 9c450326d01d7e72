// What the connections of one server share.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <future>
#include <unordered_set>

#include "common/base/clock.h"
#include "common/http/server.h"

namespace sluice::http {

class OpenConnection {
 public:
  virtual ~OpenConnection() = default;
  virtual void stop_if_idle() = 0;  // no request is under way
  virtual void cut_off() = 0;
};

// But for the pools, everything is used by the I/O thread alone.
struct Hub {
  Hub(const ServerOptions& options, Handler handle, observe::Counters& count,
      observe::EventSink& tell)
      : limits(options.limits),
        handler(std::move(handle)),
        receiver(options.receive),
        counters(count),
        events(tell),
        workers(options.workers),
        streams(options.limits.event_streams) {}

  void add(OpenConnection* connection) {
    open.insert(connection);
    counters.set(observe::Metric::kHttpConnections, open.size());
  }
  void remove(OpenConnection* connection) {
    open.erase(connection);
    counters.set(observe::Metric::kHttpConnections, open.size());
    if (stopping && open.empty()) {
      drained.set_value();
    }
  }

  const Limits limits;
  const Handler handler;
  const Receiver receiver;
  observe::Counters& counters;
  observe::EventSink& events;
  SystemClock clock;
  boost::asio::io_context io{1};
  boost::asio::thread_pool workers;
  boost::asio::thread_pool streams;
  std::unordered_set<OpenConnection*> open;
  std::size_t waiting_requests = 0;
  std::size_t open_streams = 0;
  std::size_t open_uploads = 0;
  bool stopping = false;
  std::promise<void> drained;  // set when stopping and nothing is open
};

}  // namespace sluice::http
