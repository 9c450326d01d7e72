// operator new that counts, for this program alone.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <new>

#include "tests/unit/memory/counted.h"

namespace {

std::atomic<std::size_t> in_use{0};
std::atomic<std::size_t> highest{0};

void* counted(void* memory) {
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  const std::size_t now = in_use += ::malloc_usable_size(memory);
  std::size_t known = highest;
  while (now > known && !highest.compare_exchange_weak(known, now)) {
  }
  return memory;
}

void release(void* memory) {
  if (memory != nullptr) {
    in_use -= ::malloc_usable_size(memory);
    std::free(memory);
  }
}

}  // namespace

// The other forms come to these.
void* operator new(std::size_t size) { return counted(std::malloc(size)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  void* memory = nullptr;
  return counted(
      ::posix_memalign(&memory, static_cast<std::size_t>(alignment), size) == 0 ? memory : nullptr);
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

namespace sluice::test {

std::size_t Counted::used() { return in_use; }

Counted::Peak Counted::during(const std::function<void()>& run) {
  const std::size_t before = in_use;
  highest = before;
  run();
  const std::size_t after = in_use;
  return {highest - before, after > before ? after - before : 0};
}

namespace {

TEST(Counted, SeesWhatIsAllocatedAndKept) {
  void* kept = nullptr;
  const Counted::Peak peak = Counted::during([&] {
    void* passing = ::operator new(1 << 20);  // called by name, it is not left out
    kept = ::operator new(1 << 16);
    ::operator delete(passing);
  });
  ::operator delete(kept);
  EXPECT_GE(peak.most, (1U << 20) + (1U << 16));
  EXPECT_LT(peak.most, (1U << 20) + (1U << 17));
  EXPECT_GE(peak.kept, 1U << 16);
  EXPECT_LT(peak.kept, 1U << 17);
}

}  // namespace
}  // namespace sluice::test
