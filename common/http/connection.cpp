#include "common/http/connection.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>

#include "common/http/blocking.h"
#include "common/http/deadline.h"
#include "common/http/endpoint.h"
#include "common/http/head.h"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using observe::Metric;

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

// What is read or written at once. Limits::send_time is for each of these.
constexpr std::size_t kChunkBytes = std::size_t{128} << 10;
// What Beast reads ahead of a header, and so how much of the next requests may lie in the buffer.
constexpr std::size_t kReadAheadBytes = std::size_t{64} << 10;
// For the client to take the last answer and close; until then what it still sends is read and
// forgotten, since closing on unread bytes would take the answer away from it (RFC 9112, 9.6).
constexpr std::chrono::milliseconds kLingerTime{2'000};
constexpr std::size_t kLingerBytes = std::size_t{256} << 10;

bool may_be_upload(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

class Registration {
 public:
  Registration(Hub& hub, OpenConnection& connection) : hub_(hub), connection_(connection) {
    hub_.add(&connection_);
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration() { hub_.remove(&connection_); }

 private:
  Hub& hub_;
  OpenConnection& connection_;
};

class Count {
 public:
  explicit Count(std::size_t& value) : value_(value) { ++value_; }
  Count(const Count&) = delete;
  Count& operator=(const Count&) = delete;
  ~Count() { --value_; }

 private:
  std::size_t& value_;
};

struct Sent {
  ssize_t bytes = 0;
  int error_number = 0;
};

template <class Stream>
class Connection final : public OpenConnection {
 public:
  static constexpr bool kSecure = !std::is_same_v<Stream, tcp::socket>;
  using HeadParser = beast::http::request_parser<beast::http::empty_body>;

  Connection(Hub& hub, Stream stream)
      : hub_(hub),
        stream_(std::move(stream)),
        deadline_(socket()),
        buffer_(hub.limits.header_bytes + kReadAheadBytes) {}

  asio::awaitable<void> run() {
    const Registration registration(hub_, *this);
    boost::system::error_code error;
    socket().set_option(tcp::no_delay(true), error);
    socket().native_non_blocking(true, error);
    const auto local = socket().local_endpoint(error);
    local_ = error ? "" : to_string(local);
    if (co_await shake_hands()) {
      while (co_await serve_request()) {
      }
      co_await linger();
    }
  }

  void stop_if_idle() override {
    if (idle_) {
      cut_off();
    }
  }

  // Not closed: a worker may be sending from this descriptor, whose number must stay ours.
  void cut_off() override {
    boost::system::error_code ignored;
    socket().shutdown(tcp::socket::shutdown_both, ignored);
  }

 private:
  tcp::socket& socket() {
    if constexpr (kSecure) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  struct Manner {
    bool is_head = false;
    bool keep_alive = false;
    bool can_chunk = false;
  };

  asio::awaitable<bool> shake_hands() {
    if constexpr (kSecure) {
      deadline_.arm(hub_.limits.header_time);
      const auto [error] =
          co_await stream_.async_handshake(asio::ssl::stream_base::server, kResult);
      if (error) {
        hub_.counters.add(Metric::kHttpBadRequests);
        co_return false;
      }
    }
    co_return true;
  }

  // One request and its answer; whether another may follow.
  asio::awaitable<bool> serve_request() {
    if (!co_await wait_for_request()) {
      co_return false;
    }
    HeadParser parser;
    parser.header_limit(static_cast<std::uint32_t>(hub_.limits.header_bytes));
    parser.body_limit(hub_.limits.upload_bytes);
    deadline_.arm(hub_.limits.header_time);
    const auto [error, count] =
        co_await beast::http::async_read_header(stream_, buffer_, parser, kResult);
    if (error) {
      co_await refuse_unreadable(error);
      co_return false;
    }
    Accepted accepted = accept_head(parser.get(), kSecure, local_);
    if (accepted.refusal) {
      hub_.counters.add(Metric::kHttpBadRequests);
      co_await answer(std::move(*accepted.refusal), {.is_head = accepted.request.method == "HEAD"});
      co_return false;
    }
    deadline_.disarm();
    Manner manner{.is_head = accepted.request.method == "HEAD",
                  .keep_alive = parser.get().keep_alive(),
                  .can_chunk = parser.get().version() >= 11};
    std::optional<Response> response =
        co_await take_and_handle(&parser, &accepted.request, &manner);
    if (!response) {
      co_return false;
    }
    co_return co_await answer(std::move(*response), manner);
  }

  // Takes the body and has the request answered. None: there is nobody to answer any more. Where
  // the body was not read to its end, the connection cannot go on (`manner`).
  asio::awaitable<std::optional<Response>> take_and_handle(HeadParser* parser, Request* request,
                                                           Manner* manner) {
    Opening opening;
    if (hub_.receiver && may_be_upload(request->method)) {
      opening = co_await open(request);
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

  asio::awaitable<bool> wait_for_request() {
    for (;;) {
      skip_empty_lines();
      // A single CR may be half of another empty line.
      if (buffer_.size() > 0 && buffered() != "\r") {
        co_return true;  // the client did not wait for the last answer
      }
      if (hub_.stopping) {
        co_return false;
      }
      idle_ = true;
      deadline_.arm(hub_.limits.idle_time);
      const auto [error, count] =
          co_await stream_.async_read_some(buffer_.prepare(kReadAheadBytes), kResult);
      idle_ = false;
      buffer_.commit(count);
      if (error) {
        co_return false;
      }
    }
  }

  // RFC 9112 section 2.2: some old clients end a body with a line break too many.
  void skip_empty_lines() {
    while (buffered().starts_with("\r\n")) {
      buffer_.consume(2);
    }
  }
  std::string_view buffered() const {
    const auto bytes = buffer_.data();
    return {static_cast<const char*>(bytes.data()), bytes.size()};
  }

  // A client that asked waits for this before it sends the body.
  asio::awaitable<void> invite(const HeadParser& head) {
    if (head.get().find(beast::http::field::expect) != head.get().end() &&
        head.get().version() >= 11) {
      co_await send("HTTP/1.1 100 Continue\r\n\r\n");
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
    deadline_.arm(hub_.limits.body_time);
    const auto [error, count] = co_await beast::http::async_read(stream_, buffer_, parser, kResult);
    if (error) {
      co_await refuse_unreadable(error);
      co_return false;
    }
    deadline_.disarm();
    request->body = std::move(parser.get().body());
    co_return true;
  }

  asio::awaitable<Opening> open(Request* request) {
    auto ask = [receiver = &hub_.receiver, request] { return (*receiver)(*request); };
    Opening opening = co_await on_worker<Opening>(std::move(ask), request->target);
    if (std::holds_alternative<std::unique_ptr<Reception>>(opening) &&
        hub_.open_uploads >= hub_.limits.uploads) {
      hub_.counters.add(Metric::kHttpRefusedRequests);
      opening = busy("as many uploads as are allowed at once are under way; try again soon");
    }
    co_return opening;
  }

  // The whole of an upload. `target` is for the log.
  asio::awaitable<std::optional<Response>> receive(HeadParser* head,
                                                   std::unique_ptr<Reception> reception,
                                                   const std::string& target, Manner* manner) {
    const Count open(hub_.open_uploads);
    co_await invite(*head);
    beast::http::request_parser<beast::http::buffer_body> parser(std::move(*head));
    const std::shared_ptr<Reception> taker = std::move(reception);
    std::optional<Response> response;
    Bytes chunk(kChunkBytes);
    while (!parser.is_done() && !response) {
      auto& body = parser.get().body();
      body.data = chunk.data();
      body.size = chunk.size();
      deadline_.arm(hub_.limits.body_time);
      const auto [error, count] =
          co_await beast::http::async_read(stream_, buffer_, parser, kResult);
      deadline_.disarm();
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
    if (!is_protocol && !deadline_.expired()) {
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
    if (hub_.waiting_requests >= hub_.limits.waiting_requests) {
      hub_.counters.add(Metric::kHttpRefusedRequests);
      co_return busy("too many requests are waiting; try again soon");
    }
    const Count waiting(hub_.waiting_requests);
    const std::string target = request.target;
    auto work = [handler = &hub_.handler, asked = std::move(request)] { return (*handler)(asked); };
    co_return co_await on_worker<Response>(std::move(work), target);
  }

  static Response busy(std::string_view why) {
    Response response = error_response(503, why);
    response.headers.emplace("Retry-After", "1");
    return response;
  }

  // Runs a handler's code; where it throws, the answer is 500.
  template <class Output, class Work>
  asio::awaitable<Output> on_worker(Work work, std::string target) {
    std::string failure;
    try {
      co_return co_await on_pool(hub_.workers, std::move(work));
    } catch (const std::exception& thrown) {
      failure = thrown.what();
    }
    hub_.events.emit(observe::Level::kError, "http.handler_failed",
                     {{"target", std::move(target)}, {"cause", failure}});
    co_return error_response(500, "the server failed to answer; its log says why");
  }

  // Whether the connection can go on.
  asio::awaitable<bool> answer(Response response, Manner manner) {
    const auto* stream = std::get_if<std::shared_ptr<BodyStream>>(&response.body);
    if (stream != nullptr && !manner.is_head && hub_.open_streams >= hub_.limits.event_streams) {
      hub_.counters.add(Metric::kHttpRefusedRequests);
      response = error_response(503, "as many event streams are open as are allowed at once");
    }
    if (!is_sendable(response.headers)) {
      hub_.events.emit(observe::Level::kError, "http.bad_header",
                       {{"cause", "a field of an answer holds a line break"}});
      response = error_response(500, "the server made an answer that cannot be sent");
    }
    count_answer(response.status);
    const bool has_body = !manner.is_head && response.status >= 200 && response.status != 204 &&
                          response.status != 304;
    bool keep_alive = manner.keep_alive && !hub_.stopping;
    const auto [framing, length] = frame(response, has_body, manner.can_chunk);
    keep_alive = keep_alive && framing != Framing::kUntilClose;
    std::string head = response_head(response, framing, length, keep_alive, hub_.clock.utc_now());
    co_await send_answer(std::move(head), has_body ? &response.body : nullptr, framing);
    co_return keep_alive && !broken_;
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

  // Every wait below is a statement of its own: g++ 12 waits for the right side of && and || even
  // where the left side has decided.
  asio::awaitable<void> send_answer(std::string head, const Body* body, Framing framing) {
    const auto* text = body == nullptr ? nullptr : std::get_if<std::string>(body);
    if (text != nullptr && text->size() <= kChunkBytes) {
      head += *text;  // one packet for small answers
      co_await send(head);
      count_bytes(text->size());
      co_return;
    }
    co_await send(head);
    if (body == nullptr) {
      co_return;
    }
    if (text != nullptr) {
      co_await send(*text);
      count_bytes(text->size());
    } else if (const auto* range = std::get_if<SourceRange>(body)) {
      if (!kSecure && range->source->descriptor() >= 0) {
        co_await send_file(range);
      } else {
        co_await send_source(range);
      }
    } else if (const auto* stream = std::get_if<std::shared_ptr<BodyStream>>(body)) {
      co_await send_stream(*stream, framing == Framing::kChunked);
    }
  }

  void count_bytes(std::uint64_t bytes) { hub_.counters.add(Metric::kHttpBytes, bytes); }

  asio::awaitable<void> send(std::string_view bytes) {
    while (!broken_ && !bytes.empty()) {
      const std::string_view part = bytes.substr(0, kChunkBytes);
      deadline_.arm(hub_.limits.send_time);
      const auto [error, count] =
          co_await asio::async_write(stream_, asio::buffer(part.data(), part.size()), kResult);
      broken_ = error.failed();
      bytes.remove_prefix(part.size());
    }
  }

  void report_broken_body(const std::string& cause) {
    broken_ = true;
    hub_.events.emit(observe::Level::kError, "http.body_failed", {{"cause", cause}});
  }

  asio::awaitable<void> send_source(const SourceRange* range) {
    Bytes chunk;
    for (std::uint64_t done = 0; !broken_ && done < range->length; done += chunk.size()) {
      chunk.resize(std::min<std::uint64_t>(kChunkBytes, range->length - done));
      auto read = [source = range->source, offset = range->offset + done, into = &chunk] {
        return source->read_at(offset, *into);
      };
      deadline_.disarm();
      const Result<void> got = co_await on_pool(hub_.workers, std::move(read));
      if (!got) {
        report_broken_body(got.error().message());
        co_return;
      }
      co_await send(as_text(chunk));
      count_bytes(chunk.size());
    }
  }

  asio::awaitable<void> send_file(const SourceRange* range) {
    deadline_.arm(hub_.limits.send_time);
    std::uint64_t since_armed = 0;
    for (std::uint64_t done = 0; !broken_ && done < range->length;) {
      auto push = [to = socket().native_handle(), from = range->source->descriptor(),
                   offset = range->offset + done, length = range->length - done] {
        auto at = static_cast<off_t>(offset);
        const ssize_t bytes =
            ::sendfile(to, from, &at, std::min<std::uint64_t>(length, kChunkBytes));
        return Sent{bytes, bytes < 0 ? errno : 0};
      };
      const Sent sent = co_await on_pool(hub_.workers, std::move(push));
      if (sent.bytes == 0) {
        report_broken_body("a file ends before what its index says");
      } else if (sent.bytes > 0) {
        const auto bytes = static_cast<std::uint64_t>(sent.bytes);
        done += bytes;
        since_armed += bytes;
        count_bytes(bytes);
      } else if (sent.error_number == EAGAIN) {
        const auto [error] = co_await socket().async_wait(tcp::socket::wait_write, kResult);
        broken_ = error.failed();
      } else if (sent.error_number != EINTR) {
        broken_ = true;  // the client has gone
      }
      if (since_armed >= kChunkBytes) {
        deadline_.arm(hub_.limits.send_time);
        since_armed = 0;
      }
      broken_ = broken_ || deadline_.expired();
    }
  }

  asio::awaitable<void> send_stream(std::shared_ptr<BodyStream> stream, bool chunked) {
    const Count open(hub_.open_streams);
    while (!broken_ && !hub_.stopping) {
      deadline_.disarm();
      auto wait = [stream] { return stream->next(); };
      const std::optional<std::string> part = co_await on_pool(hub_.streams, std::move(wait));
      if (!part) {
        break;
      }
      if (part->empty()) {
        broken_ = client_has_gone();
        continue;
      }
      std::string piece = *part;
      if (chunked) {
        std::array<char, 20> size{};
        std::snprintf(size.data(), size.size(), "%zx\r\n", part->size());
        piece = size.data() + *part + "\r\n";
      }
      co_await send(piece);
      count_bytes(part->size());
    }
    if (chunked) {
      co_await send("0\r\n\r\n");
    }
  }

  // Nothing is read while events are sent, so that an end would not be seen until the next write.
  bool client_has_gone() {
    char byte = 0;
    return ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  }

  asio::awaitable<void> linger() {
    if (broken_) {
      co_return;
    }
    idle_ = true;
    deadline_.arm(kLingerTime);
    if constexpr (kSecure) {
      co_await stream_.async_shutdown(kResult);
      co_return;
    }
    boost::system::error_code failure;
    socket().shutdown(hub_.stopping ? tcp::socket::shutdown_both : tcp::socket::shutdown_send,
                      failure);
    std::array<char, 4096> forgotten{};
    for (std::size_t total = 0; !failure && total < kLingerBytes;) {
      const auto [error, count] =
          co_await socket().async_read_some(asio::buffer(forgotten), kResult);
      failure = error;
      total += count;
    }
  }

  Hub& hub_;
  Stream stream_;
  Deadline deadline_;
  beast::flat_buffer buffer_;
  std::string local_;    // our own address, for clients that name no host
  bool idle_ = false;    // waits for the client, who may be told to go at any time
  bool broken_ = false;  // the client has gone, or its answer broke off: nothing more can be said
};

}  // namespace

asio::awaitable<void> serve_plain(Hub* hub, tcp::socket socket) {
  Connection<tcp::socket> connection(*hub, std::move(socket));
  co_await connection.run();
}

asio::awaitable<void> serve_tls(Hub* hub, tcp::socket socket, asio::ssl::context* tls) {
  Connection<asio::ssl::stream<tcp::socket>> connection(
      *hub, asio::ssl::stream<tcp::socket>(std::move(socket), *tls));
  co_await connection.run();
}

}  // namespace sluice::http
