// Random bytes by libsodium: the one source of whatever must not be guessed or met twice.
#pragma once

#include <cstdint>

#include "common/base/bytes.h"

namespace sluice::crypto {

// Callable from any thread.
void fill_random(MutableByteView bytes);
std::uint64_t random_u64();

}  // namespace sluice::crypto
