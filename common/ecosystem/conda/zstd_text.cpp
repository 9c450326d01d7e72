#include "common/ecosystem/conda/zstd_text.h"

#include <zstd.h>

#include <memory>
#include <vector>

#include "common/base/text.h"

namespace sluice::conda {
namespace {

constexpr std::string_view kMagic = "\x28\xb5\x2f\xfd";
// 3: zstd's own; an index of 30 MB takes a tenth of a second.
constexpr int kLevel = 3;
// zstd's own default for decoders: 128 MiB. What asks for more is refused.
constexpr int kMaxWindowLog = 27;

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

Result<std::string> unpack_zstd(const std::string& thing, std::string bytes, std::uint64_t limit) {
  if (!bytes.starts_with(kMagic)) {
    return bytes;
  }
  const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  SLUICE_ASSERT(context != nullptr);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
  std::string text;
  std::vector<char> piece(ZSTD_DStreamOutSize());
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::size_t rest = 0;  // 0: a frame has ended
  bool is_full = false;  // what was unpacked filled the piece: there may be more without new input
  while (in.pos < in.size || is_full) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    rest = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(rest) != 0) {
      return Error{ErrorCode::kInvalid, thing,
                   std::string("does not unpack: ") + ZSTD_getErrorName(rest), ""};
    }
    if (out.pos > limit - text.size()) {
      return Error{ErrorCode::kRefused, thing, "unpacks to more than " + human_size(limit), ""};
    }
    text.append(piece.data(), out.pos);
    is_full = out.pos == out.size && rest != 0;
  }
  return rest == 0 ? Result<std::string>(std::move(text))
                   : Error{ErrorCode::kInvalid, thing, "does not unpack: it is cut off", ""};
}

std::string pack_zstd(std::string_view text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size =
      ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), kLevel);
  SLUICE_ASSERT(ZSTD_isError(size) == 0);  // it has room for the worst case
  packed.resize(size);
  return packed;
}

}  // namespace sluice::conda
