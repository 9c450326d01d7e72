#include "common/wire/compressor.h"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "common/base/error.h"

namespace sluice::wire {
namespace {

constexpr std::size_t kProbeBytes = std::size_t{8} << 10;
// Below this a frame's own header eats the gain.
constexpr std::size_t kMinCompressBytes = 128;

// The most that output may have to be worth the receiver's work.
std::size_t worthwhile(std::size_t raw_bytes) { return raw_bytes - raw_bytes / 16; }

// What the formats that packages come in begin with. It spares small parts a compression in vain
// (0.3 to 0.5 ns a byte); anything else is found by trying.
constexpr std::array<std::string_view, 8> kBeginnings{
    "\x1f\x8b\x08",  // gzip: .tgz, .tar.gz
    "\xfd"
    "7zXZ",                    // .xz
    "\x28\xb5\x2f\xfd",        // zstd
    "BZh",                     // bzip2
    "PK\x03\x04",              // zip: wheels, jars
    "!<arch>\ndebian-binary",  // .deb: its members are compressed
    "\x89PNG",
    "\xff\xd8\xff",  // JPEG
};

bool begins_compressed(ByteView raw) {
  return std::ranges::any_of(
      kBeginnings, [&](std::string_view beginning) { return as_text(raw).starts_with(beginning); });
}

}  // namespace

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

Compressor::Compressor(int level) : level_(level), context_(ZSTD_createCCtx()) {
  SLUICE_ASSERT(context_ != nullptr && level >= 0 && level <= ZSTD_maxCLevel());
}
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor::~Compressor() = default;

std::optional<std::size_t> Compressor::compress(ByteView raw, MutableByteView out) {
  const std::size_t limit = worthwhile(raw.size());
  SLUICE_ASSERT(out.size() >= limit);
  const std::size_t size =
      ZSTD_compressCCtx(context_.get(), out.data(), limit, raw.data(), raw.size(), level_);
  return ZSTD_isError(size) != 0 ? std::nullopt : std::optional(size);  // it did not fit
}

std::optional<std::size_t> Compressor::try_compress(ByteView raw, MutableByteView out) {
  if (level_ == 0 || raw.size() < kMinCompressBytes || begins_compressed(raw)) {
    return std::nullopt;
  }
  // A probe costs as much as what it can spare unless the part is a few times longer.
  if (raw.size() >= 4 * kProbeBytes && !compress(raw.first(kProbeBytes), out)) {
    return std::nullopt;
  }
  return compress(raw, out);
}

bool decompress(ByteView stored, MutableByteView out) {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  SLUICE_ASSERT(context != nullptr);
  const std::size_t size =
      ZSTD_decompressDCtx(context.get(), out.data(), out.size(), stored.data(), stored.size());
  return ZSTD_isError(size) == 0 && size == out.size();
}

}  // namespace sluice::wire
