// An HTTP client that sends exactly the bytes it is told to.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace sluice::test {

class RawHttpClient {
 public:
  // To "127.0.0.1:port" or "[::1]:port".
  explicit RawHttpClient(const std::string& address) {
    const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    const bool six = address.starts_with('[');
    socket_ = ::socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 to6{};
    to6.sin6_family = AF_INET6;
    to6.sin6_port = htons(port);
    to6.sin6_addr = in6addr_loopback;
    sockaddr_in to4{};
    to4.sin_family = AF_INET;
    to4.sin_port = htons(port);
    to4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        (six ? ::connect(socket_, reinterpret_cast<const sockaddr*>(&to6), sizeof to6)
             : ::connect(socket_, reinterpret_cast<const sockaddr*>(&to4), sizeof to4)) == 0;
  }
  RawHttpClient(const RawHttpClient&) = delete;
  RawHttpClient& operator=(const RawHttpClient&) = delete;
  ~RawHttpClient() { ::close(socket_); }

  bool connected() const { return connected_; }
  int descriptor() const { return socket_; }

  RawHttpClient& send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) {
        break;  // refused: what the server said can still be read
      }
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return *this;
  }
  RawHttpClient& finish_sending() {
    ::shutdown(socket_, SHUT_WR);
    return *this;
  }

  // Everything until the server closes.
  std::string read_all() {
    while (receive()) {
    }
    return std::exchange(pending_, {});
  }
  // Up to and with `end`; what there is if the server closes before.
  std::string read_until(std::string_view end) {
    for (;;) {
      const std::size_t at = pending_.find(end);
      if (at != std::string::npos) {
        std::string taken = pending_.substr(0, at + end.size());
        pending_.erase(0, at + end.size());
        return taken;
      }
      if (!receive()) {
        return std::exchange(pending_, {});
      }
    }
  }
  std::string read_exactly(std::size_t count) {
    while (pending_.size() < count && receive()) {
    }
    std::string taken = pending_.substr(0, count);
    pending_.erase(0, count);
    return taken;
  }

  struct Answer {
    int status = 0;  // 0: none came
    std::string head;
    std::string body;
  };
  // One answer with a Content-Length.
  Answer read_answer(bool is_head = false) {
    Answer answer;
    answer.head = read_until("\r\n\r\n");
    if (answer.head.size() > 12) {
      answer.status = std::atoi(answer.head.c_str() + 9);
    }
    const std::size_t length = answer.head.find("Content-Length: ");
    if (!is_head && length != std::string::npos) {
      answer.body = read_exactly(std::stoul(answer.head.substr(length + 16)));
    }
    return answer;
  }

 private:
  bool receive() {
    char buffer[65536];
    const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0) {
      return false;
    }
    pending_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  int socket_ = -1;
  bool connected_ = false;
  std::string pending_;
};

}  // namespace sluice::test
