// Where the datagrams of a group go: the link's receiver, of which the wiring makes one for each
// group.
#pragma once

#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice::high {

// One thread.
class GroupSink {
 public:
  virtual ~GroupSink() = default;
  // A group of this stream; one of the announces may be for this side. kRefused: none of them is.
  // kIntegrity: another signed them.
  virtual Result<void> begin(const std::string& stream, std::vector<Bytes> announces) = 0;
  // Whether its block has become whole by it, and was handed on. Decrypts in place.
  virtual bool symbol(MutableByteView datagram) = 0;
  // Whether it was authentic. Behind all symbols: a session that begins with a heartbeat that is
  // not its first has begun before, and the blocks that it says were sent count as lost.
  virtual bool heartbeat(MutableByteView datagram) = 0;
  struct Outcome {
    std::uint64_t whole = 0;      // blocks
    std::uint64_t recovered = 0;  // symbols that were lost and brought back
  };
  virtual Outcome end() = 0;
};

}  // namespace sluice::high
