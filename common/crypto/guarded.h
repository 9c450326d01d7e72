// Memory for secrets: between guard pages, locked where the system allows it, wiped when freed.
#pragma once

#include "common/base/bytes.h"

namespace sluice::crypto {

// Makes libsodium ready; callable from any thread, any number of times. Everything in this folder
// that calls libsodium calls it first.
void initialize_sodium();

// Overwrites secret bytes in ordinary memory; never optimized away.
void wipe(MutableByteView bytes);

class GuardedBytes {
 public:
  explicit GuardedBytes(std::size_t size);
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;
  ~GuardedBytes();

  std::uint8_t* data() { return data_; }
  const std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }
  void make_read_only();  // a later write ends the program

 private:
  std::uint8_t* data_;
  std::size_t size_;
};

}  // namespace sluice::crypto
