#include "common/http/connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "common/http/answer_sender.h"
#include "common/http/blocking.h"
#include "common/http/endpoint.h"
#include "common/http/request_reader.h"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using observe::Metric;

// For the client to take the last answer and close; until then what it still sends is read and
// forgotten, since closing on unread bytes would take the answer away from it (RFC 9112, 9.6).
constexpr std::chrono::milliseconds kLingerTime{2'000};
constexpr std::size_t kLingerBytes = std::size_t{256} << 10;
// Of one client that does not wait for answers; then others have their turn.
constexpr unsigned kRequestsAtOnce = 16;

// One of Hub::connections, which whoever accepted it has counted.
class Counted {
 public:
  explicit Counted(Hub& hub) : hub_(hub) { show(1); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() {
    --hub_.connections;
    show(-1);
  }

 private:
  // A change, not the number: a daemon has two servers.
  void show(int change) {
    hub_.counters.add(Metric::kHttpConnections, static_cast<std::uint64_t>(change));
  }
  Hub& hub_;
};

bool may_be_upload(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

std::unique_ptr<Transport> transport_of(tcp::socket& socket, SSL_CTX* tls) {
  boost::system::error_code ignored;  // a socket that has failed fails the first read
  socket.set_option(tcp::no_delay(true), ignored);
  socket.native_non_blocking(true, ignored);
  return tls == nullptr ? plain_transport(socket.native_handle())
                        : tls_transport(socket.native_handle(), tls);
}

class Connection final : public OpenConnection {
 public:
  using HeadParser = beast::http::request_parser<beast::http::empty_body>;

  Connection(Loop& loop, tcp::socket socket, std::unique_ptr<Transport> transport)
      : loop_(loop),
        hub_(loop.hub),
        wire_(std::move(socket), std::move(transport), hub_.limits.header_bytes + kBodyReadBytes),
        sender_(loop, wire_) {
    boost::system::error_code error;
    const auto local = wire_.socket().local_endpoint(error);
    local_ = error ? "" : to_string(local);
    loop_.add(this);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override { loop_.remove(this); }

  asio::awaitable<void> run() {
    wire_.deadline().arm(hub_.limits.header_time);
    const Io shaken = co_await wire_.shake_hands();
    if (shaken != Io::kDone) {
      hub_.counters.add(Metric::kHttpBadRequests);
      co_return;
    }
    for (unsigned served = 1;; ++served) {
      const bool goes_on = co_await serve_request();
      if (!goes_on) {
        break;
      }
      if (served % kRequestsAtOnce == 0) {
        co_await asio::post(asio::use_awaitable);
      }
    }
    co_await linger();
  }

  void stop_if_idle() override {
    if (idle_) {
      cut_off();
    }
  }

  // Not closed: a worker may be sending from this descriptor, whose number must stay ours.
  void cut_off() override {
    boost::system::error_code ignored;
    wire_.socket().shutdown(tcp::socket::shutdown_both, ignored);
  }

 private:
  struct Manner {
    bool is_head = false;
    bool keep_alive = false;
    bool can_chunk = false;
  };

  // One request and its answer; whether another may follow.
  asio::awaitable<bool> serve_request() {
    const bool has_come = co_await wait_for_request();
    if (!has_come) {
      co_return false;
    }
    HeadParser parser;
    parser.header_limit(static_cast<std::uint32_t>(hub_.limits.header_bytes));
    parser.body_limit(hub_.limits.upload_bytes);
    wire_.deadline().arm(hub_.limits.header_time);
    const auto error = co_await parse(&wire_, &parser, kHeadReadBytes,
                                      [&parser] { return parser.is_header_done(); });
    if (error) {
      co_await refuse_unreadable(error);
      co_return false;
    }
    Accepted accepted = accept_head(parser.get(), wire_.secure(), local_);
    if (accepted.refusal) {
      hub_.counters.add(Metric::kHttpBadRequests);
      co_await answer(std::move(*accepted.refusal), {.is_head = accepted.request.method == "HEAD"});
      co_return false;
    }
    wire_.deadline().disarm();
    Manner manner{.is_head = accepted.request.method == "HEAD",
                  .keep_alive = parser.get().keep_alive(),
                  .can_chunk = parser.get().version() >= 11};
    std::optional<Response> response;
    if (parser.is_done()) {
      response = hub_.cache.answer(accepted.request);
    }
    if (!response) {
      response = co_await take_and_handle(&parser, &accepted.request, &manner);
    }
    if (!response) {
      co_return false;
    }
    co_return co_await answer(std::move(*response), manner);
  }

  asio::awaitable<bool> wait_for_request() {
    for (;;) {
      skip_empty_lines();
      // A single CR may be half of another empty line.
      if (wire_.buffer().size() > 0 && buffered() != "\r") {
        co_return true;  // the client did not wait for the last answer
      }
      if (loop_.stopping) {
        co_return false;
      }
      wire_.give_back_memory();
      idle_ = true;
      wire_.deadline().arm(hub_.limits.idle_time);
      const Io io = co_await wire_.read_more(kHeadReadBytes);
      idle_ = false;
      if (io != Io::kDone) {
        co_return false;
      }
    }
  }

  // RFC 9112 section 2.2: some old clients end a body with a line break too many.
  void skip_empty_lines() {
    while (buffered().starts_with("\r\n")) {
      wire_.buffer().consume(2);
    }
  }
  std::string_view buffered() {
    const auto bytes = wire_.buffer().cdata();
    return {static_cast<const char*>(bytes.data()), bytes.size()};
  }

  // Takes the body and has the request answered. None: there is nobody to answer any more. Where
  // the body was not read to its end, the connection cannot go on (`manner`).
  asio::awaitable<std::optional<Response>> take_and_handle(HeadParser* parser, Request* request,
                                                           Manner* manner) {
    Opening opening;
    if (hub_.receiver && may_be_upload(request->method)) {
      auto ask = [receiver = &hub_.receiver, request] { return (*receiver)(*request); };
      opening = co_await on_worker<Opening>(std::move(ask), request->target);
    }
    if (auto* at_once = std::get_if<Response>(&opening)) {
      manner->keep_alive = manner->keep_alive && parser->is_done();
      co_return std::move(*at_once);
    }
    if (auto* reception = std::get_if<std::unique_ptr<Reception>>(&opening)) {
      co_return co_await receive(parser, std::move(*reception), request->target, manner);
    }
    if (!parser->is_done()) {
      const bool whole = co_await read_body(parser, request);
      if (!whole) {
        co_return std::nullopt;
      }
    }
    co_return co_await handle(std::move(*request));
  }

  // A client that asked waits for this before it sends the body.
  asio::awaitable<void> invite(const HeadParser& head) {
    if (head.get().find(beast::http::field::expect) != head.get().end() &&
        head.get().version() >= 11) {
      co_await sender_.send_text("HTTP/1.1 100 Continue\r\n\r\n");
    }
  }

  asio::awaitable<bool> read_body(HeadParser* head, Request* request) {
    if (head->content_length().value_or(0) > hub_.limits.body_bytes) {
      co_await refuse_unreadable(beast::http::error::body_limit);
      co_return false;
    }
    co_await invite(*head);
    beast::http::request_parser<beast::http::string_body> parser(std::move(*head));
    parser.body_limit(hub_.limits.body_bytes);
    wire_.deadline().arm(hub_.limits.body_time);
    const auto error =
        co_await parse(&wire_, &parser, kBodyReadBytes, [&parser] { return parser.is_done(); });
    if (error) {
      co_await refuse_unreadable(error);
      co_return false;
    }
    wire_.deadline().disarm();
    request->body = std::move(parser.get().body());
    co_return true;
  }

  // The whole of an upload. `target` is for the log.
  asio::awaitable<std::optional<Response>> receive(HeadParser* head,
                                                   std::unique_ptr<Reception> reception,
                                                   std::string target, Manner* manner) {
    const Place place(hub_.open_uploads, hub_.limits.uploads);
    if (!place) {
      manner->keep_alive = manner->keep_alive && head->is_done();
      co_return refuse_busy("as many uploads as are allowed at once are under way");
    }
    co_await invite(*head);
    beast::http::request_parser<beast::http::buffer_body> parser(std::move(*head));
    const std::shared_ptr<Reception> taker = std::move(reception);
    std::optional<Response> response;
    Bytes chunk(kChunkBytes);
    while (!parser.is_done() && !response) {
      auto& body = parser.get().body();
      body.data = chunk.data();
      body.size = chunk.size();
      wire_.deadline().arm(hub_.limits.body_time);
      const auto error =
          co_await parse(&wire_, &parser, kBodyReadBytes, [&parser] { return parser.is_done(); });
      wire_.deadline().disarm();
      if (error && error != beast::http::error::need_buffer) {
        co_await drop(taker);
        co_await refuse_unreadable(error);
        co_return std::nullopt;
      }
      const ByteView bytes = ByteView(chunk).first(chunk.size() - body.size);
      if (!bytes.empty()) {
        auto write = [taker, bytes] { return taker->write(bytes); };
        response = co_await on_worker<std::optional<Response>>(std::move(write), target);
      }
    }
    manner->keep_alive = manner->keep_alive && parser.is_done();
    if (!response) {
      auto finish = [taker] { return std::optional<Response>(taker->finish()); };
      response = co_await on_worker<std::optional<Response>>(std::move(finish), target);
    }
    co_await drop(taker);
    co_return response;
  }

  // What it holds goes on a worker: it may have a file to remove.
  asio::awaitable<void> drop(std::shared_ptr<Reception> taker) {
    auto release = [held = std::move(taker)]() mutable {
      held.reset();
      return true;
    };
    co_await on_pool(hub_.workers, std::move(release));
  }

  // Too slow, no HTTP, or gone.
  asio::awaitable<void> refuse_unreadable(boost::system::error_code error) {
    const bool is_protocol =
        error.category() == make_error_code(beast::http::error::end_of_stream).category();
    if (!is_protocol && !wire_.deadline().expired()) {
      co_return;
    }
    hub_.counters.add(Metric::kHttpBadRequests);
    if (error == beast::http::error::partial_message ||
        error == beast::http::error::end_of_stream) {
      co_return;
    }
    Response refusal = is_protocol
                           ? refusal_for(error, hub_.limits.header_bytes, hub_.limits.body_bytes)
                           : error_response(408, "the request did not arrive in time");
    co_await answer(std::move(refusal), {});
  }

  asio::awaitable<Response> handle(Request request) {
    const Place place(hub_.waiting_requests, hub_.limits.waiting_requests);
    if (!place) {
      co_return refuse_busy("too many requests are waiting");
    }
    const std::string target = request.target;
    auto work = [hub = &hub_, asked = std::move(request)] {
      const std::uint64_t version = hub->cache.version();
      Response response = hub->handler(asked);
      if (response.lasting && hub->cache.takes(asked)) {
        hub->cache.keep(asked, std::move(response.lasting), version);
      }
      return response;
    };
    co_return co_await on_worker<Response>(std::move(work), target);
  }

  Response refuse_busy(const std::string& why) {
    hub_.counters.add(Metric::kHttpRefusedRequests);
    Response response = error_response(503, why + "; try again soon");
    response.headers.emplace("Retry-After", "1");
    return response;
  }

  // Runs a handler's code; where it throws, the answer is 500. The exception stays on its thread:
  // what is told of it is made there.
  template <class Output, class Work>
  asio::awaitable<Output> on_worker(Work work, std::string target) {
    auto guarded = [hub = &hub_, work = std::move(work), target = std::move(target)]() mutable {
      try {
        return Output(work());
      } catch (const std::exception& thrown) {
        hub->events.emit(observe::Level::kError, "http.handler_failed",
                         {{"target", std::move(target)}, {"cause", thrown.what()}});
        return Output(error_response(500, "the server failed to answer; its log says why"));
      }
    };
    co_return co_await on_pool(hub_.workers, std::move(guarded));
  }

  // Whether the connection can go on.
  asio::awaitable<bool> answer(Response response, Manner manner) {
    std::optional<Place> place;
    if (std::holds_alternative<std::shared_ptr<BodyStream>>(response.body) && !manner.is_head) {
      place.emplace(hub_.open_streams, hub_.limits.event_streams);
      if (!*place) {
        hub_.counters.add(Metric::kHttpRefusedRequests);
        response = error_response(503, "as many event streams are open as are allowed at once");
      }
    }
    if (!is_sendable(response.headers)) {
      hub_.events.emit(observe::Level::kError, "http.bad_header",
                       {{"cause", "a field of an answer holds a line break"}});
      response = error_response(500, "the server made an answer that cannot be sent");
    }
    count_answer(response.status);
    const bool has_body = !manner.is_head && response.status >= 200 && response.status != 204 &&
                          response.status != 304;
    const auto [framing, length] = frame(response, has_body, manner.can_chunk);
    const bool keep_alive = manner.keep_alive && !loop_.stopping && framing != Framing::kUntilClose;
    std::string head = response_head(response, framing, length, keep_alive, hub_.clock.utc_now());
    const bool sent =
        co_await sender_.send(std::move(head), has_body ? &response.body : nullptr, framing);
    broken_ = broken_ || !sent;
    co_return keep_alive&& sent;
  }

  void count_answer(unsigned status) {
    hub_.counters.add(Metric::kHttpRequests);
    if (status >= 500) {
      hub_.counters.add(Metric::kHttpServerErrors);
    } else if (status >= 400) {
      hub_.counters.add(Metric::kHttpClientErrors);
    }
  }

  static std::pair<Framing, std::uint64_t> frame(const Response& response, bool has_body,
                                                 bool can_chunk) {
    if (const auto* text = std::get_if<std::string>(&response.body)) {
      return {response.status == 304 ? Framing::kNone : Framing::kLength, text->size()};
    }
    if (const auto* range = std::get_if<SourceRange>(&response.body)) {
      return {response.status == 304 ? Framing::kNone : Framing::kLength, range->length};
    }
    if (std::holds_alternative<std::monostate>(response.body)) {
      return {has_body ? Framing::kLength : Framing::kNone, 0};
    }
    return {can_chunk ? Framing::kChunked : Framing::kUntilClose, 0};
  }

  asio::awaitable<void> linger() {
    if (broken_) {
      co_return;
    }
    idle_ = true;
    wire_.deadline().arm(kLingerTime);
    co_await wire_.end_sending();
    if (loop_.stopping) {
      cut_off();
      co_return;
    }
    wire_.buffer().clear();
    for (std::size_t total = 0; total < kLingerBytes;) {
      const Io io = co_await wire_.read_more(kHeadReadBytes);
      if (io != Io::kDone) {
        break;
      }
      total += wire_.buffer().size();
      wire_.buffer().clear();
    }
  }

  Loop& loop_;
  Hub& hub_;
  Wire wire_;
  AnswerSender sender_;
  std::string local_;    // our own address, for clients that name no host
  bool idle_ = false;    // waits for the client, who may be told to go at any time
  bool broken_ = false;  // the client has gone, or its answer broke off: nothing more can be said
};

}  // namespace

asio::awaitable<void> serve(Loop* loop, tcp::socket socket, SSL_CTX* tls) {
  const Counted counted(loop->hub);
  std::unique_ptr<Transport> transport = transport_of(socket, tls);
  if (transport) {
    Connection connection(*loop, std::move(socket), std::move(transport));
    co_await connection.run();
  }
}

}  // namespace sluice::http
