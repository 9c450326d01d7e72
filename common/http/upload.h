// Bodies of any length, taken as they arrive: what is published. A body that no receiver takes is
// read whole (Limits::body_bytes) and given to the handler.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <variant>

#include "common/base/bytes.h"
#include "common/http/message.h"

namespace sluice::http {

// One body. Called on worker threads, one call at a time; may block on the disk, must not throw. It
// bounds what it takes: the server counts no further than Limits::upload_bytes. Destroyed without
// finish() where the client has gone, was too slow, or the server stops.
class Reception {
 public:
  virtual ~Reception() = default;
  // The next bytes, 1 to 128 KiB. An answer ends it: the rest of the body is not read, and the
  // connection is closed.
  virtual std::optional<Response> write(ByteView bytes) = 0;
  virtual Response finish() = 0;  // the body is whole
};

// Not a request for this receiver; the answer at once, whatever the body (401, 404); or what takes
// the body.
using Opening = std::variant<std::monostate, Response, std::unique_ptr<Reception>>;

// Asked of each POST, PUT and PATCH when its header has come, on a worker thread; Request::body is
// empty. May block on the disk, must not throw, is called by several threads at once.
using Receiver = std::function<Opening(const Request& head)>;

}  // namespace sluice::http
