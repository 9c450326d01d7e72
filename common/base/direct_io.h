// Reads and writes that pass by the page cache (O_DIRECT), for what is large and touched once: the
// copy into the cache costs as much as encrypting the same bytes, and drives out what is served.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include "common/base/file_system.h"

namespace sluice {

// What O_DIRECT asks of addresses on any disk (open(2); 512 suffice on most).
inline constexpr std::size_t kPageBytes = 4096;

// Memory that begins at a page.
class PageBuffer {
 public:
  PageBuffer() = default;
  // Not zeroed: only pages that are touched take memory.
  explicit PageBuffer(std::size_t bytes)
      : memory_(static_cast<std::uint8_t*>(::operator new(bytes, std::align_val_t(kPageBytes)))),
        bytes_(bytes) {}

  MutableByteView view() { return {memory_.get(), bytes_}; }
  ByteView view() const { return {memory_.get(), bytes_}; }
  std::size_t size() const { return bytes_; }

 private:
  struct Free {
    void operator()(std::uint8_t* memory) const {
      ::operator delete(memory, std::align_val_t(kPageBytes));
    }
  };
  std::unique_ptr<std::uint8_t, Free> memory_;
  std::size_t bytes_ = 0;
};

// From now on `file` is written directly where its file system can do that, and `bytes` of a write
// begin at a page. What the disk refuses for its offset or length is written as usual. Nothing is
// durable by it: that needs sync() as ever.
void write_directly(const File& file);

}  // namespace sluice
