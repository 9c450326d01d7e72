// An HTTP/1.1 server for handlers that may block.
//
//   listeners ─► connections (coroutines, each on one of the I/O threads)
//                   │  ▲ answers that are known (answer_cache.h), files in memory
//                   │
//                   │ a request, read whole          ▲ the answer; parts of its body
//                   ▼                                │
//                worker threads: handlers, receptions, reads of the disk
//                stream threads: BodyStream::next(), one thread for each open stream
//
// A body is read whole before its handler runs, or given to a reception (upload.h) as it comes.
// Each connection has one request under way, so that pipelined requests are answered in their order
// and the queue before the workers is never longer than Limits::connections; it is cut at
// Limits::waiting_requests, beyond which clients are told 503 at once.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/http/answer_cache.h"
#include "common/http/message.h"
#include "common/http/upload.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"

namespace sluice::http {

struct Limits {
  // npm, apt and pip send below 2 KiB; what needs more is an attack or a cookie jar.
  std::size_t header_bytes = std::size_t{16} << 10;
  // The largest body a client of ours sends is npm's audit: 300 KiB for 3000 packages.
  std::size_t body_bytes = std::size_t{1} << 20;
  // What a receiver may take, as a blob (a receiver has a bound of its own).
  std::uint64_t upload_bytes = std::uint64_t{4} << 40;
  std::size_t uploads = 64;  // at once; each holds 128 KiB
  // At 150 KiB each (buffers of both directions) they cost 150 MiB at the most.
  std::size_t connections = 1024;
  std::size_t waiting_requests = 1024;
  std::size_t event_streams = 8;

  // Each of these cuts a slow client off.
  std::chrono::milliseconds idle_time{60'000};    // until a request's first byte
  std::chrono::milliseconds header_time{10'000};  // for all of a header; for the TLS handshake
  std::chrono::milliseconds body_time{60'000};    // for all of a body; of an upload, for 128 KiB
  std::chrono::milliseconds send_time{60'000};    // for each 128 KiB of an answer: 2 KiB/s
};

struct ServerOptions {
  std::vector<std::string> listen;  // "127.0.0.1:8080", "[::]:8080" (IPv6 alone); port 0: any free
  std::filesystem::path certificate{};  // PEM, with its chain; empty: plain HTTP
  std::filesystem::path private_key{};
  unsigned loops = 1;    // I/O threads
  unsigned workers = 8;  // handlers at once: disks like a few in flight, and each is one thread
  Receiver receive{};    // empty: bodies are read whole, for the handler
  CacheOptions cache{};
  Limits limits{};
};

class Server {
 public:
  // Listens and serves. `handler` is called by all workers at once. `counters` and `events` outlive
  // the server. kInvalid: an address or a certificate that cannot be used; kIo: the port is taken.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, Handler handler,
                                               observe::Counters& counters,
                                               observe::EventSink& events);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  // stop(0)

  // What it listens on, with the ports that were chosen: "127.0.0.1:41234".
  const std::vector<std::string>& addresses() const;

  // Accepts no more, closes idle connections, lets answers under way end for at most `grace`, then
  // cuts them off. Returns when all threads have ended; handlers are waited for. From any thread,
  // once or more.
  void stop(std::chrono::milliseconds grace);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Why it is no address to listen on; none if it is one. For tables of settings.
std::optional<std::string> listen_problem(std::string_view address);

}  // namespace sluice::http
