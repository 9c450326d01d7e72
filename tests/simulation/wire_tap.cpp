#include "tests/simulation/wire_tap.h"

#include <algorithm>
#include <string_view>

namespace sluice::sim {
namespace {

std::size_t hash_of(ByteView bytes) { return std::hash<std::string_view>()(as_text(bytes)); }

bool is_symbol(ByteView datagram) {
  const auto parsed = wire::parse(datagram);
  const auto* const header = std::get_if<wire::Header>(&parsed);
  return header != nullptr && std::holds_alternative<wire::SymbolHeader>(*header);
}

}  // namespace

std::optional<Nonce> nonce_of(ByteView datagram) {
  const auto parsed = wire::parse(datagram);
  const auto* const header = std::get_if<wire::Header>(&parsed);
  if (header == nullptr) {
    return std::nullopt;
  }
  if (const auto* const symbol = std::get_if<wire::SymbolHeader>(header)) {
    return Nonce{symbol->session.value(), symbol->lane.value(), symbol->counter};
  }
  if (const auto* const beat = std::get_if<wire::HeartbeatHeader>(header)) {
    return Nonce{beat->session.value(), beat->lane.value(), beat->counter};
  }
  return std::nullopt;
}

Result<void> WireTap::send(ByteView bytes, std::size_t datagram_bytes) {
  if (muted_) {
    throw Violation("one-way", "something was sent while the high side was at work");
  }
  for (ByteView rest = bytes; !rest.empty();) {
    const ByteView datagram = rest.first(std::min(rest.size(), datagram_bytes));
    rest = rest.subspan(datagram.size());
    watch(datagram);
    record(datagram);
  }
  const bool fails = std::exchange(fail_next_, false);
  if (!fails || random_.chance(0.5)) {
    SLUICE_TRY_VOID(link_.sink().send(bytes, datagram_bytes));
  }
  if (fails) {
    return Error{ErrorCode::kUnavailable, "link", "the network is down", ""};
  }
  return {};
}

void WireTap::watch(ByteView datagram) {
  const auto nonce = nonce_of(datagram);
  if (!nonce) {
    return;
  }
  const auto [at, fresh] = sealed_.try_emplace(*nonce, hash_of(datagram));
  if (!fresh && at->second != hash_of(datagram)) {
    throw Violation("no nonce twice", "session " + std::to_string(nonce->session) + " lane " +
                                          std::to_string(nonce->lane) + " counter " +
                                          std::to_string(nonce->counter) +
                                          " has sealed two different datagrams");
  }
  if (!pass_open_ && is_symbol(datagram)) {
    throw Violation("no silent loss", "a symbol left after its pass was marked as sent");
  }
}

// A reservoir: each datagram of the run stays with the same probability.
void WireTap::record(ByteView datagram) {
  ++seen_;
  Bytes copy(datagram.begin(), datagram.end());
  if (recording_.size() < kKept) {
    recording_.push_back(std::move(copy));
  } else if (const std::uint64_t at = random_.below(seen_); at < kKept) {
    recording_[at] = std::move(copy);
  }
}

bool WireTap::genuine(const Nonce& nonce, ByteView datagram) const {
  const auto found = sealed_.find(nonce);
  return found != sealed_.end() && found->second == hash_of(datagram);
}

void Adversary::replay() {
  const auto& recording = tap_.recording();
  if (recording.empty()) {
    return;
  }
  const bool in_order = random_.chance(0.5);
  std::uint64_t at = random_.below(recording.size());
  for (std::uint64_t count = random_.between(1, 60); count > 0; --count) {
    link_.inject(recording[at]);
    at = (in_order ? at + 1 : random_.next()) % recording.size();
  }
}

void Adversary::forge() {
  for (std::uint64_t count = random_.between(1, 20); count > 0; --count) {
    link_.inject(forgery());
  }
}

Bytes Adversary::forgery() {
  if (tap_.recording().empty() || random_.chance(0.1)) {
    Bytes rubbish(random_.between(0, 1500));
    random_.fill(rubbish);
    return rubbish;
  }
  Bytes datagram = random_.pick(tap_.recording());
  switch (random_.below(4)) {
    case 0:  // the tag and what it covers
      random_.fill(MutableByteView(datagram).subspan(std::min<std::size_t>(datagram.size(), 24)));
      break;
    case 1:  // one bit anywhere
      datagram[random_.below(datagram.size())] ^= static_cast<std::uint8_t>(1U << random_.below(8));
      break;
    case 2:  // a counter far ahead, to push the replay window
      random_.fill(
          MutableByteView(datagram).subspan(16, std::min<std::size_t>(8, datagram.size() - 16)));
      break;
    default:
      datagram.resize(random_.below(datagram.size()));
      break;
  }
  return datagram;
}

}  // namespace sluice::sim
