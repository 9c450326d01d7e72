#include "tests/bench/zstd_alone.h"

#include "common/base/clock.h"
#include "common/wire/compressor.h"
#include "lowside/transmit/settings.h"

namespace sluice::bench {
namespace {

constexpr int kTimes = 20;  // 160 MiB

}  // namespace

double zstd_nanos(const Cargo& cargo) {
  const auto blob = cargo.spool().open(cargo.passes().front().blobs.front().digest).value();
  Bytes raw(blob->size());
  blob->read_at(0, raw).value();
  Bytes out(raw.size());
  wire::Compressor compressor(low::TransmitSettings{}.zstd_level);
  if (!compressor.try_compress(raw, out)) {
    return 0;
  }
  const SystemClock clock;
  const SteadyTime start = clock.steady_now();
  for (int i = 0; i < kTimes; ++i) {
    compressor.try_compress(raw, out);
  }
  return std::chrono::duration<double, std::nano>(clock.steady_now() - start).count() /
         (kTimes * static_cast<double>(raw.size()));
}

}  // namespace sluice::bench
