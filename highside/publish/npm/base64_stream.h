// Base64 (RFC 4648 section 4) that comes in pieces.
#pragma once

#include <functional>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice::high {

// One thread at a time; unusable after an Error.
class Base64Stream {
 public:
  using Sink = std::function<Result<void>(ByteView bytes)>;

  explicit Base64Stream(Sink sink) : sink_(std::move(sink)) {}

  // kInvalid: a character that it does not have, or something behind its padding; what the sink
  // says.
  Result<void> write(std::string_view text);
  Result<void> finish();  // kInvalid: it is not padded to its end

 private:
  Result<void> take(char c);

  Sink sink_;
  Bytes out_;                // what write() has decoded
  std::uint32_t group_ = 0;  // of the four characters at hand
  unsigned count_ = 0;
  unsigned padding_ = 0;
};

}  // namespace sluice::high
