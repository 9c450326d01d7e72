#include "common/crypto/guarded.h"

#include <sodium.h>

#include "common/base/error.h"

namespace sluice::crypto {

void initialize_sodium() {
  static const bool ready = sodium_init() >= 0;
  SLUICE_ASSERT(ready);
}

void wipe(MutableByteView bytes) { sodium_memzero(bytes.data(), bytes.size()); }

GuardedBytes::GuardedBytes(std::size_t size) : size_(size) {
  initialize_sodium();
  data_ = static_cast<std::uint8_t*>(sodium_malloc(size));
  SLUICE_ASSERT(data_ != nullptr);
}

GuardedBytes::~GuardedBytes() { sodium_free(data_); }

void GuardedBytes::make_read_only() { SLUICE_ASSERT(sodium_mprotect_readonly(data_) == 0); }

}  // namespace sluice::crypto
