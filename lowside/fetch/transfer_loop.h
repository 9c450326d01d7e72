// The one thread that talks to the outside:
//
//   caller ── submit ──> inbox_ ──> waiting_ ──(a place is free, its time has come)──> libcurl
//     │                               ^                                                  │
//     │                               └── again: redirect, retry after a delay ──────────┤
//     └<─ Completions (one for each call of Fetch, bounded by its window) <── finished ──┘
//
// Callers bound what they submit (kWindow in fetcher.cpp), so inbox_ and waiting_ hold at most that
// for each of them. The thread never waits for a caller.
#pragma once

#include <curl/curl.h>

#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "common/observe/events.h"
#include "lowside/fetch/transfer.h"

namespace sluice::low {

// Finished transfers of one call, for the thread that called.
class Completions {
 public:
  void put(std::unique_ptr<Transfer> transfer);
  std::unique_ptr<Transfer> take();  // waits for one

 private:
  std::mutex mutex_;
  std::condition_variable some_;
  std::deque<std::unique_ptr<Transfer>> finished_;
};

class TransferLoop {
 public:
  TransferLoop(FetchContext& context, observe::EventSink& events);
  // No call of Fetch may be under way.
  ~TransferLoop();

  // `to` outlives the transfer. From any thread.
  void submit(std::unique_ptr<Transfer> transfer, Completions& to);
  // Looks again for transfers whose stop was requested. From any thread.
  void wake();

 private:
  struct Waiting {
    std::unique_ptr<Transfer> transfer;
    Completions* to;
    SteadyTime due;
  };
  struct Host {
    unsigned active = 0;
    bool multiplexes = false;  // speaks HTTP/2, as its last answer showed
    SteadyTime not_before{};   // Retry-After
  };

  void run();
  bool take_inbox();  // false: the loop is to end
  void cancel_stopped();
  void start_due();
  bool has_room(const Host& host, SteadyTime now) const;
  void start(Waiting waiting);
  void collect_finished();
  void finish(CURL* handle, CURLcode code);
  void release_host(const std::string& origin, SteadyTime now);
  void report_again(const Transfer& transfer, const Transfer::Again& again);
  int milliseconds_to_wait() const;

  FetchContext& context_;
  observe::EventSink& events_;
  CURLM* multi_;

  std::mutex mutex_;
  std::deque<Waiting> inbox_;
  bool ending_ = false;

  // Of the thread.
  std::list<Waiting> waiting_;
  std::unordered_map<CURL*, Waiting> active_;
  std::map<std::string, Host> hosts_;  // by origin; only those that are in use or left alone
  std::thread thread_;
};

}  // namespace sluice::low
