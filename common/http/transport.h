// The bytes of one connection, as they are or through TLS, without waiting: the caller waits for
// the socket (wire.h). OpenSSL works on the descriptor itself, which saves a copy and a system call
// for each record against a stream on top of the socket.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>

#include "common/base/bytes.h"

namespace sluice::http {

// What an attempt came to.
enum class Io {
  kDone,       // `bytes` is above zero, but for a handshake or a shutdown
  kWantRead,   // again when the socket can be read
  kWantWrite,  // again when it can be written, with the same bytes
  kEnded,      // the client will send no more
  kBroken,     // nothing can be sent or read any more
  kShortFile,  // the file ends before the bytes that were to be sent
};
struct IoResult {
  Io io = Io::kBroken;
  std::size_t bytes = 0;
};

// On one thread at a time. The descriptor is non-blocking and outlives it.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual bool secure() const = 0;
  virtual IoResult shake_hands() = 0;
  virtual IoResult read(MutableByteView into) = 0;
  // As much of `head`, then of `body`, as goes at once.
  virtual IoResult write(ByteView head, ByteView body) = 0;
  // Likewise of a file. May wait for the disk.
  virtual IoResult send_file(int file, std::uint64_t offset, std::uint64_t length) = 0;
  virtual IoResult end_sending() = 0;  // the client sees a clean end
};

std::unique_ptr<Transport> plain_transport(int descriptor);
// `context` outlives it. Null where OpenSSL has no memory.
std::unique_ptr<Transport> tls_transport(int descriptor, SSL_CTX* context);

}  // namespace sluice::http
