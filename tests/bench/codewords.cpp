// What the erasure code costs for codewords of several sizes: a table in Markdown, in gigabytes of
// data a second on one core. The block is about 2 MB, as in use; its codewords are interleaved.
#include <chrono>
#include <cstdio>
#include <random>

#include "common/fec/block_code.h"

namespace {

using namespace sluice;
using Seconds = std::chrono::duration<double>;

struct Code {
  std::uint8_t data, parity;
};

// Gigabytes a second of what `once` does with `bytes`; the best of five rounds of 50 ms.
template <class Work>
double speed(std::size_t bytes, const Work& once) {
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    Seconds passed{0};
    double done = 0;
    do {
      once();
      done += static_cast<double>(bytes);
      passed = std::chrono::steady_clock::now() - start;
    } while (passed < Seconds(0.05));
    best = std::max(best, done / passed.count() / 1e9);
  }
  return best;
}

// Takes a block of which `lost` data symbols of each codeword do not come.
double decode(const fec::Geometry& geometry, const Bytes& data, const Bytes& parity,
              std::uint32_t lost) {
  fec::Decoder decoder;
  return speed(data.size(), [&] {
    decoder.reset(geometry);
    const std::uint32_t count = geometry.data_symbols();
    for (std::uint32_t n = lost * geometry.codewords(); n < geometry.total_symbols(); ++n) {
      const Bytes& from = n < count ? data : parity;
      decoder.add(
          n, ByteView(from).subspan(std::size_t{n < count ? n : n - count} * geometry.symbol_bytes,
                                    geometry.symbol_bytes));
    }
    decoder.finish();
  });
}

void measure(Code code, std::uint16_t symbol) {
  const std::uint32_t codeword = std::uint32_t{code.data} * symbol;
  const fec::Geometry geometry{.block_bytes = (2'000'000 / codeword + 1) * codeword,
                               .symbol_bytes = symbol,
                               .max_data = code.data,
                               .parity = code.parity};
  Bytes data(std::size_t{geometry.data_symbols()} * symbol);
  std::mt19937_64 random(1);
  for (auto& byte : data) {
    byte = static_cast<std::uint8_t>(random());
  }
  Bytes parity(std::size_t{code.parity} * geometry.codewords() * symbol);
  fec::Encoder encoder;
  const double encoded = speed(data.size(), [&] { encoder.encode(geometry, data, parity); });
  std::printf("| %d + %d | %d | %.1f | %.1f | %.1f | %.1f |\n", code.data, code.parity, symbol,
              encoded, decode(geometry, data, parity, 0), decode(geometry, data, parity, 1),
              decode(geometry, data, parity, code.parity));
}

}  // namespace

int main() {
  std::puts(
      "| codeword | symbol, bytes | encode | take, nothing lost | one lost of each codeword | "
      "as many lost as parity |\n|---|---|---|---|---|---|");
  for (const Code code : {Code{32, 4}, Code{64, 8}, Code{100, 10}, Code{160, 8}, Code{200, 20}}) {
    for (const std::uint16_t symbol : {std::uint16_t{1412}, std::uint16_t{8912}}) {
      measure(code, symbol);
    }
  }
}
