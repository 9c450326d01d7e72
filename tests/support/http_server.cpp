#include "tests/support/http_server.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>
#include <condition_variable>
#include <list>
#include <mutex>
#include <set>
#include <thread>

namespace sluice::test {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

Seen seen_from(const http::request<http::string_body>& request) {
  Seen seen{std::string(request.method_string()), std::string(request.target()), {}};
  for (const auto& field : request) {
    seen.headers[lower(std::string(field.name_string()))] = std::string(field.value());
  }
  return seen;
}

std::string path_of(const Seen& seen) { return seen.target.substr(0, seen.target.find('?')); }

std::optional<std::size_t> first_of_range(const std::string& range) {
  constexpr std::string_view kPrefix = "bytes=";
  std::size_t first = 0;
  if (!range.starts_with(kPrefix) || !range.ends_with('-')) {
    return std::nullopt;
  }
  const auto [end, error] =
      std::from_chars(range.data() + kPrefix.size(), range.data() + range.size(), first);
  return error == std::errc() && end == range.data() + range.size() - 1
             ? std::optional<std::size_t>(first)
             : std::nullopt;
}

// Turns the answer into a 304, 206 or 416 where the request's conditions say so; all others as they
// are scripted.
void apply_conditions(const Seen& seen, Answer& answer) {
  if (answer.status != 200) {
    return;
  }
  const std::string none_match = seen.header("if-none-match");
  if ((!answer.etag.empty() && none_match == answer.etag) ||
      (none_match.empty() && !answer.last_modified.empty() &&
       seen.header("if-modified-since") == answer.last_modified)) {
    answer.status = 304;
    answer.body.clear();
    return;
  }
  const auto first = first_of_range(seen.header("range"));
  const std::string condition = seen.header("if-range");
  if (!answer.ranges || !first ||
      (!condition.empty() && condition != answer.etag && condition != answer.last_modified)) {
    return;
  }
  const std::string whole = std::to_string(answer.body.size());
  if (*first >= answer.body.size()) {
    answer.status = 416;
    answer.headers.emplace_back("Content-Range", "bytes */" + whole);
    answer.body.clear();
    return;
  }
  answer.status = 206;
  answer.headers.emplace_back("Content-Range", "bytes " + std::to_string(*first) + "-" +
                                                   std::to_string(answer.body.size() - 1) + "/" +
                                                   whole);
  answer.body.erase(0, *first);
}

std::string head_of(const Answer& answer) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " " +
                     std::string(http::obsolete_reason(http::int_to_status(answer.status))) +
                     "\r\n";
  const auto line = [&](const std::string& name, const std::string& value) {
    head += name + ": " + value + "\r\n";
  };
  if (!answer.etag.empty()) {
    line("ETag", answer.etag);
  }
  if (!answer.last_modified.empty()) {
    line("Last-Modified", answer.last_modified);
  }
  for (const auto& [name, value] : answer.headers) {
    line(name, value);
  }
  if (answer.endless) {
    line("Transfer-Encoding", "chunked");
  } else if (answer.without_length) {
    line("Connection", "close");
  } else if (answer.status != 304) {
    line("Content-Length", std::to_string(answer.claimed_length.value_or(answer.body.size())));
  }
  return head + "\r\n";
}

}  // namespace

std::string Seen::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

struct HttpServer::State {
  struct Path {
    std::vector<Answer> script;
    std::size_t next = 0;
    std::function<Answer(const Seen&)> handler;
  };

  asio::io_context context;
  tcp::acceptor acceptor{context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::uint16_t port = acceptor.local_endpoint().port();

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  bool ending = false;
  std::map<std::string, Path> paths;
  std::vector<Seen> seen;
  std::set<tcp::socket*> open;
  std::size_t accepted = 0;
  std::list<std::thread> threads;

  void accept();
  void serve(tcp::socket socket);
  bool serve_one(tcp::socket& socket, boost::beast::flat_buffer& buffer);
  bool send(tcp::socket& socket, const Answer& answer, bool with_body);
  Answer answer_for(const Seen& request);
  Path* find(const std::string& path);
  std::size_t count(const std::string& path) const;
};

HttpServer::HttpServer() : state_(std::make_unique<State>()) {
  state_->threads.emplace_back([this] { state_->accept(); });
}

HttpServer::~HttpServer() { stop(); }

void HttpServer::stop() {
  if (state_->threads.empty()) {
    return;
  }
  {
    const std::scoped_lock lock(state_->mutex);
    state_->ending = true;
    ::shutdown(state_->acceptor.native_handle(), SHUT_RDWR);
    for (tcp::socket* const socket : state_->open) {
      boost::system::error_code ignored;
      socket->shutdown(tcp::socket::shutdown_both, ignored);
    }
    state_->changed.notify_all();
  }
  // The first thread is the acceptor's, and adds no more once it has ended.
  state_->threads.front().join();
  state_->threads.pop_front();
  for (std::thread& thread : state_->threads) {
    thread.join();
  }
  state_->threads.clear();
}

std::string HttpServer::uri(const std::string& target) const {
  return "http://127.0.0.1:" + std::to_string(state_->port) + target;
}
std::uint16_t HttpServer::port() const { return state_->port; }

void HttpServer::answer(const std::string& path, std::vector<Answer> script) {
  const std::scoped_lock lock(state_->mutex);
  state_->paths[path] = {std::move(script), 0, nullptr};
}

void HttpServer::handle(const std::string& path, std::function<Answer(const Seen&)> handler) {
  const std::scoped_lock lock(state_->mutex);
  state_->paths[path] = {{}, 0, std::move(handler)};
}

std::vector<Seen> HttpServer::requests(const std::string& path) const {
  const std::scoped_lock lock(state_->mutex);
  std::vector<Seen> found;
  std::copy_if(state_->seen.begin(), state_->seen.end(), std::back_inserter(found),
               [&](const Seen& one) { return path_of(one) == path; });
  return found;
}

std::vector<Seen> HttpServer::all_requests() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->seen;
}

void HttpServer::wait_for_requests(const std::string& path, std::size_t count) const {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->count(path) >= count; });
}

std::size_t HttpServer::connections() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->accepted;
}

std::size_t HttpServer::State::count(const std::string& path) const {
  return static_cast<std::size_t>(std::count_if(
      seen.begin(), seen.end(), [&](const Seen& one) { return path_of(one) == path; }));
}

void HttpServer::State::accept() {
  while (true) {
    boost::system::error_code error;
    tcp::socket socket = acceptor.accept(error);
    const std::scoped_lock lock(mutex);
    if (error || ending) {
      return;
    }
    ++accepted;
    threads.emplace_back([this, shared = std::make_shared<tcp::socket>(std::move(socket))] {
      serve(std::move(*shared));
    });
  }
}

void HttpServer::State::serve(tcp::socket socket) {
  {
    const std::scoped_lock lock(mutex);
    if (ending) {
      return;
    }
    open.insert(&socket);
  }
  boost::beast::flat_buffer buffer;
  while (serve_one(socket, buffer)) {
  }
  const std::scoped_lock lock(mutex);
  open.erase(&socket);
}

// Whether the connection goes on.
bool HttpServer::State::serve_one(tcp::socket& socket, boost::beast::flat_buffer& buffer) {
  http::request<http::string_body> request;
  boost::system::error_code error;
  http::read(socket, buffer, request, error);
  if (error) {
    return false;
  }
  const Seen seen_now = seen_from(request);
  Answer answer = answer_for(seen_now);
  apply_conditions(seen_now, answer);
  return send(socket, answer, seen_now.method != "HEAD") && request.keep_alive();
}

bool HttpServer::State::send(tcp::socket& socket, const Answer& answer, bool with_body) {
  boost::system::error_code error;
  std::string out = head_of(answer);
  const bool cut = answer.cut_after && *answer.cut_after < answer.body.size();
  if (answer.endless) {
    std::array<char, 20> size{};
    const auto end = std::to_chars(size.begin(), size.end(), answer.body.size(), 16).ptr;
    const std::string chunk = std::string(size.begin(), end) + "\r\n" + answer.body + "\r\n";
    while (!error) {
      asio::write(socket, asio::buffer(out.empty() ? chunk : out), error);
      out.clear();
    }
    return false;
  }
  if (with_body) {
    out += answer.body.substr(0, answer.cut_after.value_or(std::string::npos));
  }
  asio::write(socket, asio::buffer(out), error);
  if (answer.hang) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return ending; });
  }
  return !error && !cut && !answer.hang && !answer.without_length &&
         answer.claimed_length.value_or(answer.body.size()) == answer.body.size();
}

HttpServer::State::Path* HttpServer::State::find(const std::string& path) {
  if (const auto exact = paths.find(path); exact != paths.end()) {
    return &exact->second;
  }
  for (std::size_t slash = path.rfind('/'); slash != std::string::npos;
       slash = slash == 0 ? std::string::npos : path.rfind('/', slash - 1)) {
    const auto above = paths.find(path.substr(0, slash + 1));
    if (above != paths.end() && above->second.handler) {
      return &above->second;
    }
  }
  return nullptr;
}

Answer HttpServer::State::answer_for(const Seen& request) {
  std::function<Answer(const Seen&)> handler;
  {
    const std::scoped_lock lock(mutex);
    seen.push_back(request);
    changed.notify_all();
    Path* const path = find(path_of(request));
    if (path == nullptr) {
      return {.status = 404, .body = "nothing here"};
    }
    if (!path->handler) {
      const std::size_t at = std::min(path->next++, path->script.size() - 1);
      return path->script.at(at);
    }
    handler = path->handler;
  }
  return handler(request);
}

}  // namespace sluice::test
