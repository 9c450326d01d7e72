#include "common/service/client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "common/base/text.h"
#include "common/http/endpoint.h"
#include "common/service/event_line.h"

namespace sluice::service {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

// The daemon sends a comment every 15 s; after twice that it is gone.
constexpr std::chrono::seconds kEventTime{30};
constexpr std::chrono::seconds kReconnectPause{1};
// What is shown of the reason why something was refused.
constexpr std::size_t kMaxReasonBytes = 2000;

Error unreachable(const std::string& address, std::string cause) {
  return {ErrorCode::kUnavailable, "http://" + address, std::move(cause),
          "is the daemon running, with that address as status.listen?"};
}

struct Call {
  explicit Call(asio::io_context& io) : stream(io) {}
  beast::tcp_stream stream;
  beast::flat_buffer buffer{std::size_t{1} << 20};
};

// Connects and sends a GET; returns what went wrong, if anything.
asio::awaitable<beast::error_code> ask(Call* call, std::string address, std::string path,
                                       std::string last_event_id, std::chrono::milliseconds time) {
  const auto endpoint = http::parse_endpoint(address);
  if (!endpoint) {
    co_return asio::error::invalid_argument;
  }
  call->stream.expires_after(time);
  const auto [no_connection] = co_await call->stream.async_connect(*endpoint, kResult);
  if (no_connection) {
    co_return no_connection;
  }
  beast::http::request<beast::http::empty_body> request(beast::http::verb::get, path, 11);
  request.set(beast::http::field::host, address);
  if (!last_event_id.empty()) {
    request.set("Last-Event-ID", last_event_id);
  }
  const auto [not_sent, bytes] = co_await beast::http::async_write(call->stream, request, kResult);
  co_return not_sent;
}

asio::awaitable<Result<std::string>> get(Call* call, std::string address, std::string path,
                                         Patience patience) {
  const beast::error_code not_asked = co_await ask(call, address, path, "", patience.time);
  if (not_asked) {
    co_return unreachable(address, not_asked.message());
  }
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(patience.bytes);
  const auto [not_read, bytes] =
      co_await beast::http::async_read(call->stream, call->buffer, parser, kResult);
  if (not_read) {
    co_return unreachable(address, not_read.message());
  }
  if (parser.get().result() != beast::http::status::ok) {
    const std::string_view reason =
        trim(std::string_view(parser.get().body()).substr(0, kMaxReasonBytes));
    co_return Error{
        ErrorCode::kRefused, "http://" + address,
        path + " answers " + std::to_string(parser.get().result_int()) + ": " + std::string(reason),
        ""};
  }
  co_return std::move(parser.get().body());
}

enum class Followed { kUnreachable, kBroken, kEnough };

// One connection's worth of events. Remembers in `state` where to go on.
asio::awaitable<Followed> follow_once(Call* call, std::string address, EventLines* state,
                                      std::string* failure) {
  const beast::error_code not_asked =
      co_await ask(call, address, "/events", state->last_id(), Patience{}.time);
  if (not_asked) {
    *failure = not_asked.message();
    co_return Followed::kUnreachable;
  }
  beast::http::response_parser<beast::http::buffer_body> parser;
  parser.body_limit(boost::none);
  const auto [no_answer, head_bytes] =
      co_await beast::http::async_read_header(call->stream, call->buffer, parser, kResult);
  if (no_answer || parser.get().result() != beast::http::status::ok) {
    *failure = no_answer ? no_answer.message()
                         : "/events answers " + std::to_string(parser.get().result_int());
    co_return Followed::kUnreachable;
  }
  while (!parser.is_done()) {
    std::array<char, 8192> piece{};
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    call->stream.expires_after(kEventTime);
    const auto [error, bytes] =
        co_await beast::http::async_read_some(call->stream, call->buffer, parser, kResult);
    if (error && error != beast::http::error::need_buffer) {
      co_return Followed::kBroken;
    }
    if (!state->take({piece.data(), piece.size() - parser.get().body().size})) {
      co_return Followed::kEnough;
    }
  }
  co_return Followed::kBroken;
}

template <class T>
T run(asio::io_context& io, asio::awaitable<T> work) {
  T output{};
  asio::co_spawn(io, std::move(work), [&output](const std::exception_ptr& failure, T result) {
    if (failure) {
      std::rethrow_exception(failure);
    }
    output = std::move(result);
  });
  io.restart();
  io.run();
  return output;
}

}  // namespace

Result<std::string> fetch(const std::string& address, const std::string& path, Patience patience) {
  asio::io_context io(1);
  Call call(io);
  return run(io, get(&call, address, path, patience));
}

Result<void> follow_events(const std::string& address,
                           const std::function<bool(std::string_view line)>& each) {
  asio::io_context io(1);
  EventLines state(each);
  for (bool reached = false;;) {
    Call call(io);
    std::string failure;
    const Followed outcome = run(io, follow_once(&call, address, &state, &failure));
    if (outcome == Followed::kEnough) {
      return {};
    }
    if (outcome == Followed::kUnreachable && !reached) {
      return unreachable(address, failure);
    }
    if (outcome == Followed::kBroken) {
      reached = true;
      state.forget_partial();
    }
    asio::steady_timer pause(io, kReconnectPause);
    pause.wait();
  }
}

}  // namespace sluice::service
