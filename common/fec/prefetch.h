// Asks the processor to fetch a symbol that is needed soon.
#pragma once

#include "common/base/bytes.h"

namespace sluice::fec {

inline constexpr std::size_t kCacheLineBytes = 64;

// A codeword's symbols lie far apart in the block, more streams than the hardware prefetcher
// follows. Asking for all of them before they are multiplied made 64+8 faster by a third.
inline void prefetch(ByteView symbol) {
  for (std::size_t i = 0; i < symbol.size(); i += kCacheLineBytes) {
    __builtin_prefetch(symbol.data() + i);
  }
}

}  // namespace sluice::fec
