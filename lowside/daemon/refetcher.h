// Brings back blobs that the spool has no more before their shipment is sent again: from where they
// were fetched at first, through the same stages, held against the digests of the manifest that was
// signed then.
//
//   Spool::next_refetch ─> Fetch (libcurl's thread) ─> Intake: verify, inspect, admit, take
//        ^                                                                 │
//        └──────── Spool::refetched: the shipment waits to be sent <───────┘
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>

#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/spool/spool.h"

namespace sluice::low {

// All outlive the refetcher and are callable from its thread.
struct RefetchParts {
  std::string stream;
  Spool& spool;
  Fetch& fetch;
  Intake& intake;
  observe::Counters& counters;
  observe::EventSink& events;
  std::function<void()> ready;  // a shipment waits to be sent: the transmitter has work
};

class Refetcher {
 public:
  explicit Refetcher(RefetchParts parts) : parts_(std::move(parts)) {}

  // Until stop is requested; one shipment after another.
  void run(const std::stop_token& stop);
  // One shipment, if one waits. What cannot be brought back is named in an event; the shipment is
  // sent with what there is, and the high side names the rest. An Error: of the spool, to be tried
  // again. False: none waited, or stop was requested.
  Result<bool> step(const std::stop_token& stop);
  void wake();  // callable from any thread

 private:
  void fetch(const Refetch& shipment, const std::stop_token& stop);
  void failed(const Refetch& shipment, const Refetch::Blob& blob, const Error& error);

  const RefetchParts parts_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ = false;  // guarded by mutex_
};

}  // namespace sluice::low
