#include "highside/receive/decoder_pool.h"

namespace sluice::high {

std::unique_ptr<fec::Decoder> DecoderPool::take(const fec::Geometry& geometry) {
  const std::size_t needed = geometry.decoder_bytes();
  if (needed > limit_ - taken_bytes_) {
    return nullptr;
  }
  std::unique_ptr<fec::Decoder> decoder;
  while (!idle_.empty() && (decoder == nullptr || taken_bytes_ + idle_bytes_ + needed > limit_)) {
    decoder = std::move(idle_.back());
    idle_.pop_back();
    idle_bytes_ -= decoder->kept_bytes();
    if (decoder->kept_bytes() > needed) {
      decoder.reset();  // of larger blocks
    }
  }
  if (decoder == nullptr) {
    decoder = std::make_unique<fec::Decoder>();
  }
  taken_bytes_ += needed;
  decoder->reset(geometry, spare_());
  return decoder;
}

void DecoderPool::give_back(std::unique_ptr<fec::Decoder> decoder, const fec::Geometry& geometry) {
  taken_bytes_ -= geometry.decoder_bytes();
  const std::size_t kept = decoder->kept_bytes();
  if (idle_.size() < kIdle && taken_bytes_ + idle_bytes_ + kept <= limit_) {
    idle_bytes_ += kept;
    idle_.push_back(std::move(decoder));
  }
}

}  // namespace sluice::high
