// Bytes that operator new has given out. libzstd, libsodium and OpenSSL take theirs elsewhere: a
// context of a fixed size each.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

namespace sluice::test {

class Counted {
 public:
  static std::size_t used();

  struct Peak {
    std::size_t most = 0;  // at one time, beyond what was in use before
    std::size_t kept = 0;  // still in use afterwards
  };
  static Peak during(const std::function<void()>& run);
};

}  // namespace sluice::test
