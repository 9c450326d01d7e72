// zstd where it helps: both directions, with bounded output.
#pragma once

#include <memory>
#include <optional>

#include "common/base/bytes.h"

struct ZSTD_CCtx_s;

namespace sluice::wire {

// Keeps its context between calls; one thread.
class Compressor {
 public:
  explicit Compressor(int level);  // 0: try_compress() never does
  Compressor(Compressor&&) noexcept;
  ~Compressor();

  // Compresses `raw` into `out` (apart from it, at least as long), or says that it is not worth it:
  // when it begins like a compressed format, or when its first 8 KiB, or all of it, do not become
  // shorter by a sixteenth. A large part that is compressed already costs the probe, 5 µs.
  std::optional<std::size_t> try_compress(ByteView raw, MutableByteView out);

 private:
  std::optional<std::size_t> compress(ByteView raw, MutableByteView out);

  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  int level_;
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

// Whether `stored` decodes to exactly out.size() bytes, which are then in `out`. Never writes
// beyond it. Callable from any thread.
bool decompress(ByteView stored, MutableByteView out);

}  // namespace sluice::wire
