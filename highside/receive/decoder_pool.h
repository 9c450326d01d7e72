// Memory for the blocks of one lane that are being put together, within a limit that is the
// operator's: a sender's block and window are its own affair until they do not fit.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "common/fec/block_code.h"

namespace sluice::high {

// One thread.
class DecoderPool {
 public:
  // Kept for the blocks to come. More than one is free only after losses.
  static constexpr std::size_t kIdle = 2;

  // `spare` gives memory of a block that nobody needs any more, or none.
  explicit DecoderPool(
      std::size_t limit_bytes, std::function<Bytes()> spare = [] { return Bytes(); })
      : limit_(limit_bytes), spare_(std::move(spare)) {}

  // Whether a block of this kind fits if no other is being put together.
  bool ever_fits(const fec::Geometry& geometry) const { return geometry.decoder_bytes() <= limit_; }
  // Ready for a block. Null: it does not fit beside those that were taken.
  std::unique_ptr<fec::Decoder> take(const fec::Geometry& geometry);
  // After take(geometry), whatever became of the block.
  void give_back(std::unique_ptr<fec::Decoder> decoder, const fec::Geometry& geometry);

  std::size_t bytes() const { return taken_bytes_ + idle_bytes_; }  // never above the limit

 private:
  std::size_t limit_;
  std::function<Bytes()> spare_;
  std::size_t taken_bytes_ = 0;
  std::size_t idle_bytes_ = 0;
  std::vector<std::unique_ptr<fec::Decoder>> idle_;
};

}  // namespace sluice::high
