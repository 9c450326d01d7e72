#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "common/http/transport.h"

namespace sluice::http {
namespace {

// A record holds 16 KiB at the most (RFC 8446 section 5.1); OpenSSL makes a system call for each.
constexpr std::size_t kRecordBytes = std::size_t{16} << 10;
// Of a file at once; stays within a core's cache.
constexpr std::size_t kScratchBytes = std::size_t{64} << 10;

// Where bytes are put together that go out in one call. A call that is tried again puts the same
// bytes together again, which OpenSSL demands; no connection holds memory for it.
thread_local std::array<std::uint8_t, kScratchBytes> scratch;

struct FreeSsl {
  void operator()(SSL* ssl) const { ::SSL_free(ssl); }
};

class TlsTransport final : public Transport {
 public:
  TlsTransport(SSL* ssl, int descriptor) : ssl_(ssl), descriptor_(descriptor) {}
  bool secure() const override { return true; }
  IoResult shake_hands() override { return outcome(::SSL_accept(ssl_.get()), 0); }

  IoResult read(MutableByteView into) override {
    std::size_t got = 0;
    const int done = ::SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
    return outcome(done, got);
  }

  // A record that holds both ends of head and body saves one; a retry must bring the same bytes,
  // which OpenSSL compares.
  IoResult write(ByteView head, ByteView body) override {
    if (head.empty()) {
      return put(body);
    }
    if (body.empty() || head.size() >= kRecordBytes) {
      return put(head);
    }
    const std::size_t more = std::min(body.size(), kRecordBytes - head.size());
    std::copy_n(body.begin(), more, std::copy(head.begin(), head.end(), scratch.begin()));
    return put(ByteView(scratch).first(head.size() + more));
  }

  IoResult send_file(int file, std::uint64_t offset, std::uint64_t length) override {
    const std::size_t wanted = std::min<std::uint64_t>(length, kScratchBytes);
    const ssize_t got = ::pread(file, scratch.data(), wanted, static_cast<off_t>(offset));
    if (got < 0) {
      return {errno == EINTR ? Io::kWantWrite : Io::kShortFile, 0};
    }
    if (got == 0) {
      return {Io::kShortFile, 0};
    }
    return put(ByteView(scratch).first(static_cast<std::size_t>(got)));
  }

  IoResult end_sending() override {
    const int done = ::SSL_shutdown(ssl_.get());  // the client's own end is read(), if it comes
    const IoResult result = done >= 0 ? IoResult{Io::kDone, 0} : outcome(done, 0);
    if (result.io == Io::kDone) {
      ::shutdown(descriptor_, SHUT_WR);
    }
    return result;
  }

 private:
  IoResult put(ByteView bytes) {
    std::size_t sent = 0;
    const int done = ::SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
    return outcome(done, sent);
  }

  IoResult outcome(int done, std::size_t bytes) {
    if (done > 0) {
      return {Io::kDone, bytes};
    }
    const int reason = ::SSL_get_error(ssl_.get(), done);
    ::ERR_clear_error();  // or the next connection of this thread would find it
    switch (reason) {
      case SSL_ERROR_WANT_READ:
        return {Io::kWantRead, 0};
      case SSL_ERROR_WANT_WRITE:
        return {Io::kWantWrite, 0};
      case SSL_ERROR_ZERO_RETURN:
        return {Io::kEnded, 0};
      default:
        return {Io::kBroken, 0};
    }
  }

  std::unique_ptr<SSL, FreeSsl> ssl_;
  int descriptor_;
};

}  // namespace

std::unique_ptr<Transport> tls_transport(int descriptor, SSL_CTX* context) {
  std::unique_ptr<SSL, FreeSsl> ssl(::SSL_new(context));
  if (!ssl || ::SSL_set_fd(ssl.get(), descriptor) != 1) {
    return nullptr;
  }
  // The bytes of a retry may lie elsewhere. All of a call's bytes go before it says so: were parts
  // told, a file's bytes would be read again for each record.
  ::SSL_set_mode(ssl.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  return std::make_unique<TlsTransport>(ssl.release(), descriptor);
}

}  // namespace sluice::http
