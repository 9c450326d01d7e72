#include "lowside/transmit/interleaving.h"

#include <algorithm>
#include <cmath>

#include "common/base/limits.h"
#include "common/link/send/pacer.h"

namespace sluice::low {
namespace {

using std::chrono::nanoseconds;

// 8 losses of a codeword that can be brought back: with fewer, random loss of a percent already
// fails codewords often; with more at little redundancy, codewords grow and decoding with them.
constexpr std::uint64_t kParity = 8;
constexpr std::uint64_t kData = 64;  // where redundancy allows it: see the measurements
// In flight there are about so many blocks: more cost signatures, fewer cost memory, because some
// are whole while the next ones are built.
constexpr std::uint64_t kBlocks = 8;
// Smaller ones, while there is room for larger: a signature of 35 µs then costs 0.03 ns a byte.
constexpr std::size_t kGoodBlockBytes = std::size_t{1} << 20;
// A late sender catches up by a burst of kCatchUp, and a run of as much leaves at once.
constexpr nanoseconds kBunching = 2 * link::Pacer::kCatchUp;
// Blocks that the high side keeps beside those in flight: packets overtake each other.
constexpr std::size_t kOvertaken = 2;

std::uint64_t ceil_div(std::uint64_t value, std::uint64_t by) { return (value + by - 1) / by; }

void set_codeword(double redundancy, TransmitSettings& settings) {
  const auto data_for = [redundancy](double parity) {
    return static_cast<std::uint64_t>(std::floor(parity / redundancy + 1e-9));
  };
  std::uint64_t data = std::clamp<std::uint64_t>(data_for(kParity), kData, limits::kMaxDataSymbols);
  data = std::min(data, data_for(limits::kMaxParitySymbols));
  const double parity = std::ceil(static_cast<double>(data) * redundancy - 1e-9);
  settings.data_symbols = static_cast<std::uint8_t>(data);
  settings.parity_symbols = static_cast<std::uint8_t>(parity);
}

// Slots whose datagrams an outage can take: it cuts into one at either end, and a block may wait
// for one symbol of each of the others.
std::uint64_t slots_lost(nanoseconds outage, const TransmitSettings& settings) {
  const auto slots = ceil_div(static_cast<std::uint64_t>((outage + kBunching).count()),
                              static_cast<std::uint64_t>(settings.datagram_time().count()));
  return slots + 1 + settings.window;
}

// Of each codeword of a block that takes `spread` slots no more symbols are lost than it has
// parity, however short the block is: it has C codewords and at most C × (k + m) symbols, of which
// less than lost × C × (k + m) / spread + 1 fall into the outage.
bool survives(std::uint64_t lost, const TransmitSettings& settings) {
  const std::uint64_t codeword = settings.data_symbols + settings.parity_symbols;
  return lost * codeword < settings.spread_datagrams() * settings.parity_symbols;
}

double binomial_tail(unsigned n, unsigned above, double p) {  // P(X > above)
  double term = std::pow(1 - p, n);
  double sum = 0;
  for (unsigned i = 0; i <= n; ++i) {
    sum += i > above ? term : 0;
    term *= p / (1 - p) * (n - i) / (i + 1);
  }
  return sum;
}

}  // namespace

Result<void> interleave(const Survival& wanted, TransmitSettings& settings) {
  set_codeword(wanted.redundancy, settings);
  const fec::Geometry one = settings.geometry(1);
  const std::size_t codeword_bytes = std::size_t{settings.data_symbols} * one.symbol_bytes;
  const std::uint64_t most = limits::kMaxBlockBytes / codeword_bytes;
  const std::uint64_t good = ceil_div(kGoodBlockBytes, codeword_bytes);
  const std::uint64_t least = ceil_div(limits::kMinBlockBytes, codeword_bytes);
  // Codewords in flight; they grow until the blocks that they are cut into are enough.
  settings.window = 1;
  std::uint64_t needed = ceil_div(slots_lost(wanted.outage, settings), settings.parity_symbols);
  for (;; ++needed) {
    const std::uint64_t in_block =
        std::clamp(ceil_div(needed, kBlocks), std::max(least, std::min(needed, good)), most);
    settings.block_bytes = in_block * codeword_bytes;
    settings.window = ceil_div(needed, in_block) + 1;
    if (settings.window > limits::kMaxBlocksInFlight) {
      return Error{ErrorCode::kExhausted, "link settings outage, redundancy, rate",
                   "an outage of " + std::to_string(wanted.outage.count()) +
                       " ms needs more than " + std::to_string(limits::kMaxBlocksInFlight) +
                       " blocks of 16 MiB in flight",
                   "shorten link.outage, raise link.redundancy, or use more lanes"};
    }
    if (survives(slots_lost(wanted.outage, settings), settings)) {
      return {};
    }
  }
}

LinkFigures link_figures(const TransmitSettings& settings) {
  const std::uint64_t spread = settings.spread_datagrams();
  const std::uint64_t codeword = settings.data_symbols + settings.parity_symbols;
  const fec::Geometry block = settings.geometry(settings.block_bytes);
  LinkFigures figures{};
  figures.spread = std::chrono::duration_cast<std::chrono::microseconds>(
      settings.datagram_time() * static_cast<std::int64_t>(spread));
  figures.in_flight_bytes = spread * settings.datagram_bytes();
  figures.sender_bytes = settings.memory_bytes(1);
  figures.receiver_bytes = (settings.window + kOvertaken) * block.decoder_bytes();
  figures.parity_share =
      static_cast<double>(settings.parity_symbols) / static_cast<double>(codeword);
  // survives() and slots_lost() the other way round.
  const std::uint64_t lost = (spread * settings.parity_symbols - 1) / codeword;
  const auto slots =
      static_cast<std::int64_t>(lost) - static_cast<std::int64_t>(settings.window) - 1;
  figures.outage = std::chrono::duration_cast<std::chrono::microseconds>(
      std::max(nanoseconds(0), slots * settings.datagram_time() - kBunching));
  return figures;
}

std::chrono::microseconds sending_time(const TransmitSettings& settings, std::size_t lanes,
                                       std::uint64_t bytes) {
  const std::uint64_t symbols = ceil_div(bytes, settings.geometry(1).symbol_bytes);
  const std::uint64_t codeword = settings.data_symbols + settings.parity_symbols;
  const auto datagrams = static_cast<double>(symbols) * static_cast<double>(codeword) /
                         settings.data_symbols / static_cast<double>(lanes);
  const double slot = std::chrono::duration<double, std::micro>(settings.datagram_time()).count();
  return link_figures(settings).spread +
         std::chrono::microseconds(static_cast<std::int64_t>(std::ceil(datagrams * slot)));
}

double loss_per_gigabyte(const TransmitSettings& settings, double loss) {
  const unsigned codeword = settings.data_symbols + settings.parity_symbols;
  const double fails = binomial_tail(codeword, settings.parity_symbols, loss);
  const double codewords = 1e9 / static_cast<double>(std::size_t{settings.data_symbols} *
                                                     settings.geometry(1).symbol_bytes);
  return -std::expm1(codewords * std::log1p(-fails));
}

}  // namespace sluice::low
