#include "tests/bench/primitives.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "common/base/file_system.h"
#include "common/base/hasher.h"
#include "common/crypto/datagram_cipher.h"
#include "common/crypto/random.h"
#include "common/fec/block_code.h"
#include "common/wire/datagram.h"
#include "lowside/transmit/settings.h"

namespace sluice::bench {
namespace {

// More than the core's own caches hold: a stage meets bytes that another one touched megabytes ago.
constexpr std::size_t kMemory = std::size_t{32} << 20;
constexpr std::size_t kPiece = std::size_t{4} << 20;
constexpr std::size_t kRuns = 5;

// Nanoseconds for a byte when `work` does kMemory of them: the median of a few runs.
double nanos_per_byte(const std::function<void()>& work) {
  const SystemClock clock;
  std::array<double, kRuns> runs{};
  work();
  for (double& run : runs) {
    const SteadyTime start = clock.steady_now();
    work();
    run = std::chrono::duration<double, std::nano>(clock.steady_now() - start).count() / kMemory;
  }
  std::ranges::sort(runs);
  return runs[kRuns / 2];
}

// Calls `each` with pieces of `memory`.
void walk(Bytes& memory, std::size_t piece, const std::function<void(MutableByteView)>& each) {
  for (std::size_t at = 0; at + piece <= memory.size(); at += piece) {
    each(MutableByteView(memory).subspan(at, piece));
  }
}

double encode_nanos(const low::TransmitSettings& settings, Bytes& memory) {
  const fec::Geometry geometry = settings.geometry(settings.block_bytes);
  const std::size_t data = std::size_t{geometry.data_symbols()} * geometry.symbol_bytes;
  Bytes parity(std::size_t{geometry.parity} * geometry.codewords() * geometry.symbol_bytes);
  fec::Encoder encoder;
  return nanos_per_byte([&] {
    walk(memory, data, [&](MutableByteView block) { encoder.encode(geometry, block, parity); });
  });
}

struct Cipher {
  double seal = 0;
  double open = 0;
};

Cipher cipher_nanos(std::size_t symbol_bytes, Bytes& memory) {
  const crypto::SessionKey key = crypto::SessionKey::generate();
  const std::array<std::uint8_t, wire::kSymbolHeaderBytes> header{};
  Bytes sealed(memory.size());
  std::vector<std::array<std::uint8_t, crypto::kTagBytes>> tags(memory.size() / symbol_bytes);
  std::uint64_t first = 0;
  crypto::Sealer sealer(key, LaneId(0));
  Cipher cipher;
  cipher.seal = nanos_per_byte([&] {
    for (std::size_t i = 0; i < tags.size(); ++i) {
      auto ticket = sealer.next();
      first = i == 0 ? ticket.counter() : first;
      sealer.seal(std::move(ticket), header,
                  ByteView(memory).subspan(i * symbol_bytes, symbol_bytes),
                  MutableByteView(sealed).subspan(i * symbol_bytes, symbol_bytes), tags[i]);
    }
  });
  crypto::Opener opener(key);
  Bytes opened(symbol_bytes);
  cipher.open = nanos_per_byte([&] {
    for (std::size_t i = 0; i < tags.size(); ++i) {
      SLUICE_ASSERT(opener.open(LaneId(0), first + i, header,
                                ByteView(sealed).subspan(i * symbol_bytes, symbol_bytes), opened,
                                tags[i]));
    }
  });
  return cipher;
}

double hash_nanos(Bytes& memory) {
  return nanos_per_byte([&] {
    Hasher hasher(DigestAlgorithm::kSha256);
    walk(memory, kPiece, [&](MutableByteView piece) { hasher.update(piece); });
    hasher.finish();
  });
}

double write_nanos(const std::filesystem::path& path, Bytes& memory) {
  FileSystem& files = posix_file_system();
  return nanos_per_byte([&] {
    const auto file = files.open_for_writing(path).value();
    std::uint64_t offset = 0;
    walk(memory, kPiece, [&](MutableByteView piece) {
      file->write_at(offset, piece).value();
      offset += piece.size();
    });
    files.remove(path).value();
  });
}

double read_nanos(const std::filesystem::path& path, Bytes& memory) {
  FileSystem& files = posix_file_system();
  const auto file = files.open_for_writing(path).value();
  file->write_at(0, memory).value();
  const double nanos = nanos_per_byte([&] {
    std::uint64_t offset = 0;
    walk(memory, kPiece, [&](MutableByteView piece) {
      file->read_at(offset, piece).value();
      offset += piece.size();
    });
  });
  files.remove(path).value();
  return nanos;
}

}  // namespace

double sum(const std::vector<Stage>& stages) {
  return std::accumulate(stages.begin(), stages.end(), 0.0,
                         [](double all, const Stage& stage) { return all + stage.nanos; });
}

Primitives measure_primitives(const Wire& wire, const RawUdp& raw,
                              const std::filesystem::path& store) {
  std::filesystem::create_directories(store);
  const low::TransmitSettings settings{.mtu = wire.mtu};
  const std::size_t symbol = wire::symbol_bytes(wire.mtu, false);
  const double with_parity =
      1 + static_cast<double>(settings.parity_symbols) / settings.data_symbols;
  const double on_wire = with_parity * static_cast<double>(wire::datagram_bytes(wire.mtu, false)) /
                         static_cast<double>(symbol);
  Bytes memory(kMemory);
  crypto::fill_random(memory);
  Primitives found;
  {
    const Visit low(wire.low);
    const Cipher cipher = cipher_nanos(symbol, memory);
    found.low = {{"read", read_nanos(store / "read", memory)},
                 {"encode", encode_nanos(settings, memory)},
                 {"seal", with_parity * cipher.seal},
                 {"send", on_wire * raw.send_nanos}};
  }
  const Visit high(wire.high);
  const Cipher cipher = cipher_nanos(symbol, memory);
  found.high = {{"take", on_wire * raw.take_nanos},
                {"open", with_parity * cipher.open},
                {"SHA-256", hash_nanos(memory)},
                {"write", write_nanos(store / "write", memory)}};
  return found;
}

}  // namespace sluice::bench
