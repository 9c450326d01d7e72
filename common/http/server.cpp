#include "common/http/server.h"

#include <pthread.h>
#include <signal.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <list>
#include <mutex>
#include <thread>

#include "common/http/connection.h"
#include "common/http/endpoint.h"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using observe::Metric;

constexpr auto kAcceptResult = asio::as_tuple(asio::use_awaitable);

// Without descriptors left, accept() fails until a connection ends.
constexpr std::chrono::milliseconds kAcceptPause{100};
// SOMAXCONN: the kernel's own bound (net.core.somaxconn) is the one to tune.
constexpr int kBacklog = tcp::acceptor::max_listen_connections;

constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 1\r\n"
    "Content-Length: 36\r\nConnection: close\r\n\r\n"
    "as many clients as allowed are here\n";

// Threads started within inherit that all signals are blocked: they are for the daemon's own
// descriptor, and sendfile to a client that has gone would raise SIGPIPE.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

void refuse(Hub& hub, tcp::socket socket, bool secure) {
  hub.counters.add(Metric::kHttpRefusedConnections);
  if (!secure) {
    boost::system::error_code ignored;  // as far as the socket's buffer takes it
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(kTooManyConnections), ignored);
  }
}

// Hands connections to the loops in turn.
asio::awaitable<void> accept_from(Hub* hub, std::deque<Loop>* loops, tcp::acceptor* acceptor,
                                  SSL_CTX* tls) {
  const auto at_end = [hub](const std::exception_ptr& failure) {
    if (failure) {  // out of memory at the most: what clients do is no exception
      hub->events.emit(observe::Level::kError, "http.connection_failed", {});
    }
  };
  bool failing = false;  // told once, not ten times a second
  std::size_t turn = 0;
  while (acceptor->is_open()) {
    Loop& loop = (*loops)[turn++ % loops->size()];
    auto [error, socket] = co_await acceptor->async_accept(loop.io, kAcceptResult);
    const bool told = failing;
    failing = error && error != asio::error::connection_aborted;
    if (!error && hub->connections >= hub->limits.connections) {
      refuse(*hub, std::move(socket), tls != nullptr);
    } else if (!error && !hub->stopping) {
      ++hub->connections;
      asio::co_spawn(loop.io, serve(&loop, std::move(socket), tls), at_end);
    } else if (failing && acceptor->is_open()) {
      if (!told) {
        hub->events.failure(observe::Level::kWarning, "http.accept_failed",
                            errno_error("accept", error.value()));
      }
      asio::steady_timer pause(acceptor->get_executor(), kAcceptPause);
      co_await pause.async_wait(kAcceptResult);
    }
  }
}

Error listen_error(const std::string& address, const boost::system::error_code& error) {
  Error failure = errno_error("listen on " + address, error.value());
  if (error == asio::error::address_in_use) {
    failure.cure = "another program has that port: stop it, or choose another port";
  } else if (error == asio::error::access_denied) {
    failure.cure = "choose a port above 1023, or give the service CAP_NET_BIND_SERVICE";
  }
  return failure;
}

Result<tcp::acceptor> listen_on(asio::io_context& io, const std::string& address) {
  SLUICE_TRY(const tcp::endpoint endpoint, parse_endpoint(address));
  tcp::acceptor acceptor(io);
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) {
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  }
  if (!error && endpoint.address().is_v6()) {
    // Whether one socket takes both families differs from machine to machine; this does not.
    acceptor.set_option(asio::ip::v6_only(true), error);
  }
  if (!error) {
    acceptor.bind(endpoint, error);
  }
  if (!error) {
    acceptor.listen(kBacklog, error);
  }
  if (error) {
    return listen_error(address, error);
  }
  return acceptor;
}

Result<std::unique_ptr<asio::ssl::context>> load_tls(const ServerOptions& options) {
  if (options.certificate.empty()) {
    return std::unique_ptr<asio::ssl::context>();
  }
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  // RFC 8996 ended TLS 1.0 and 1.1.
  ::SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  boost::system::error_code error;
  tls->use_certificate_chain_file(options.certificate.string(), error);
  if (error) {
    return Error{ErrorCode::kInvalid, options.certificate.string(), error.message(),
                 "give a certificate in PEM, followed by its chain"};
  }
  tls->use_private_key_file(options.private_key.string(), asio::ssl::context::pem, error);
  if (error) {
    return Error{ErrorCode::kInvalid, options.private_key.string(), error.message(),
                 "give the certificate's own private key in PEM, readable by this user"};
  }
  return tls;
}

}  // namespace

struct Server::State {
  State(const ServerOptions& options, Handler handler, observe::Counters& counters,
        observe::EventSink& events)
      : hub(options, std::move(handler), counters, events) {
    for (unsigned i = 0; i < std::max(options.loops, 1U); ++i) {
      loops.emplace_back(hub);
    }
  }

  // On the first loop, whose sockets they are.
  void stop_accepting() {
    hub.stopping = true;
    for (tcp::acceptor& acceptor : acceptors) {
      boost::system::error_code ignored;
      acceptor.close(ignored);
    }
    for (Loop& loop : loops) {  // behind the connections that were handed to it
      asio::post(loop.io, [&loop] { loop.begin_to_stop(); });
    }
  }

  Hub hub;
  std::deque<Loop> loops;
  std::unique_ptr<asio::ssl::context> tls;
  std::list<tcp::acceptor> acceptors;
  std::vector<std::string> addresses;
  std::mutex stop_mutex;
  std::vector<std::thread> threads;  // one for each loop; empty: stopped
};

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, Handler handler,
                                              observe::Counters& counters,
                                              observe::EventSink& events) {
  const SignalsBlocked blocked;
  auto state = std::make_unique<State>(options, std::move(handler), counters, events);
  SLUICE_TRY(state->tls, load_tls(options));
  for (const std::string& address : options.listen) {
    SLUICE_TRY(tcp::acceptor acceptor, listen_on(state->loops.front().io, address));
    boost::system::error_code error;
    state->addresses.push_back(to_string(acceptor.local_endpoint(error)));
    state->acceptors.push_back(std::move(acceptor));
  }
  for (tcp::acceptor& acceptor : state->acceptors) {
    asio::co_spawn(state->loops.front().io,
                   accept_from(&state->hub, &state->loops, &acceptor,
                               state->tls ? state->tls->native_handle() : nullptr),
                   [](const std::exception_ptr& failure) {
                     if (failure) {
                       std::rethrow_exception(failure);  // nobody would listen any more
                     }
                   });
  }
  for (Loop& loop : state->loops) {
    state->threads.emplace_back([&io = loop.io] { io.run(); });
  }
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

const std::vector<std::string>& Server::addresses() const { return state_->addresses; }

void Server::stop(std::chrono::milliseconds grace) {
  const std::lock_guard lock(state_->stop_mutex);
  if (state_->threads.empty()) {
    return;
  }
  State& state = *state_;
  std::vector<std::future<void>> drained;
  for (Loop& loop : state.loops) {
    drained.push_back(loop.drained.get_future());
  }
  asio::post(state.loops.front().io, [&state] { state.stop_accepting(); });
  const auto until = std::chrono::steady_clock::now() + grace;
  for (std::size_t i = 0; i < drained.size(); ++i) {
    if (drained[i].wait_until(until) != std::future_status::ready) {
      asio::post(state.loops[i].io, [&loop = state.loops[i]] { loop.cut_off(); });
    }
  }
  for (std::size_t i = 0; i < drained.size(); ++i) {
    drained[i].wait();
    state.loops[i].work.reset();
    state.threads[i].join();
  }
  state.threads.clear();
  state.hub.workers.join();
  state.hub.streams.join();
}

}  // namespace sluice::http
