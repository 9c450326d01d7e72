#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "common/http/transport.h"

namespace sluice::http {
namespace {

IoResult failure(int error_number, Io blocked) {
  return {error_number == EAGAIN || error_number == EINTR ? blocked : Io::kBroken, 0};
}

iovec part(ByteView bytes) {
  // The kernel only reads it.
  return {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(int descriptor) : descriptor_(descriptor) {}
  bool secure() const override { return false; }
  IoResult shake_hands() override { return {Io::kDone, 0}; }

  IoResult read(MutableByteView into) override {
    const ssize_t got = ::recv(descriptor_, into.data(), into.size(), 0);
    if (got < 0) {
      return failure(errno, Io::kWantRead);
    }
    return {got == 0 ? Io::kEnded : Io::kDone, static_cast<std::size_t>(got)};
  }

  IoResult write(ByteView head, ByteView body) override {
    std::array<iovec, 2> parts{part(head), part(body)};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t put = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (put < 0) {
      return failure(errno, Io::kWantWrite);
    }
    return {Io::kDone, static_cast<std::size_t>(put)};
  }

  IoResult send_file(int file, std::uint64_t offset, std::uint64_t length) override {
    auto at = static_cast<off_t>(offset);
    const ssize_t put = ::sendfile(descriptor_, file, &at, length);
    if (put < 0) {
      return failure(errno, Io::kWantWrite);
    }
    return {put == 0 ? Io::kShortFile : Io::kDone, static_cast<std::size_t>(put)};
  }

  IoResult end_sending() override {
    ::shutdown(descriptor_, SHUT_WR);
    return {Io::kDone, 0};
  }

 private:
  int descriptor_;
};

}  // namespace

std::unique_ptr<Transport> plain_transport(int descriptor) {
  return std::make_unique<PlainTransport>(descriptor);
}

}  // namespace sluice::http
