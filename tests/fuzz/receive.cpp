// A receiver to which datagrams come in any order: authentic ones that say what cannot be, copies,
// forgeries, announces old and new, and time that passes.
#include <map>
#include <set>

#include "common/base/limits.h"
#include "highside/receive/link_reader.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/keys.h"
#include "tests/support/events.h"
#include "tests/support/manual_clock.h"

namespace sluice::fuzz {
namespace {

constexpr const char* kStream = "lab-low";
// What an input may bring; a decoder keeps up to two blocks.
constexpr std::size_t kMaxSteps = 200;
constexpr std::size_t kSessions = 4;
constexpr std::uint32_t kMaxBlockBytesHere = 1U << 16;

SessionId session_id(std::size_t index) { return SessionId(100 + index); }
// The third session claims the epoch of the second.
Epoch epoch(std::size_t index) { return Epoch(index == 2 ? 2 : index + 1); }

const Bytes& announce_of(std::size_t index) {
  static const auto made = [] {
    std::array<Bytes, kSessions> announces;
    for (std::size_t i = 0; i < kSessions; ++i) {
      announces[i] = wire::write_announce({kStream, epoch(i), session_id(i), from_unix_micros(1)},
                                          from_unix_micros(2), wire::fixed_session_key(),
                                          {opening_key().sealing_key()}, signing_key());
    }
    return announces;
  }();
  return made[index];
}

class NewestEpoch final : public high::EpochGuard {
 public:
  Result<Contact> admit(const std::string& stream, Epoch epoch, SessionId session) override {
    if (epoch < newest_ || (epoch == newest_ && session != of_)) {
      return Error{ErrorCode::kOutdated, stream, "older", ""};
    }
    newest_ = epoch;
    of_ = session;
    return Contact::kFirst;
  }

 private:
  Epoch newest_;
  SessionId of_;
};

// Every block is told once, whole or lost.
class OnceEach final : public high::BlockConsumer {
 public:
  void block(high::RecoveredBlock block) override {
    SLUICE_ASSERT(block.stream == kStream);
    SLUICE_ASSERT(!block.bytes.empty() && block.bytes.size() <= limits::kMaxBlockBytes);
    settle(block.place, 1);
  }
  void lost(const high::LostBlocks& lost) override { settle(lost.first, lost.count); }
  void heartbeat(const std::string&, const wire::Heartbeat&, UtcTime) override { ++heartbeats_; }

  std::size_t told() const { return told_; }
  std::size_t heartbeats() const { return heartbeats_; }

 private:
  void settle(const wire::BlockPlace& first, std::uint64_t count) {
    SLUICE_ASSERT(count > 0 && first.number.value() <= UINT64_MAX - (count - 1));
    auto& settled = settled_[{first.session, first.lane}];  // first number -> last number
    const std::uint64_t last = first.number.value() + (count - 1);
    const auto next = settled.upper_bound(last);
    SLUICE_ASSERT(next == settled.begin() || std::prev(next)->second < first.number.value());
    settled[first.number.value()] = last;
    ++told_;
  }

  std::map<std::pair<SessionId, LaneId>, std::map<std::uint64_t, std::uint64_t>> settled_;
  std::size_t told_ = 0;
  std::size_t heartbeats_ = 0;
};

class Scene {
 public:
  Scene() {
    settings_.window = 4;
    settings_.replay_window = 128;
    reader_.emplace(settings_, high::ReceiveParts{streams_, opening_key(), epochs_, blocks_, clock_,
                                                  counters_, events_});
    for (std::size_t i = 0; i < kSessions; ++i) {
      for (std::uint8_t lane = 0; lane < kLanes; ++lane) {
        sealers_.emplace_back(wire::fixed_session_key(), LaneId(lane));
      }
    }
  }

  void step(Input& input) {
    switch (input.choice(10)) {
      case 0:
        deliver(announce_of(input.choice(kSessions)));
        break;
      case 1:
      case 2:
      case 3:
        sent_.push_back(symbol(input));
        deliver(sent_.back());
        break;
      case 4:
        sent_.push_back(heartbeat(input));
        deliver(sent_.back());
        break;
      case 5:  // held back, for later
        sent_.push_back(symbol(input));
        break;
      case 6:
        again(input);
        break;
      case 7:
        forge(input);
        break;
      case 8:
        clock_.advance(std::chrono::milliseconds(input.u16() % 4096));
        reader_->tick();
        break;
      default:
        deliver(input.piece());
        break;
    }
  }

  void finish() {
    reader_->tick();
    clock_.advance(std::chrono::seconds(10));
    reader_->tick();
    for (const auto& stream : reader_->status().streams) {
      SLUICE_ASSERT(stream.lanes.size() <= limits::kMaxLanes);
    }
  }

 private:
  static constexpr std::uint8_t kLanes = 2;

  Bytes seal(std::size_t session, LaneId lane, std::size_t header_bytes, ByteView payload,
             const std::function<void(std::uint64_t counter, MutableByteView)>& encode) {
    crypto::Sealer& sealer = sealers_[session * kLanes + lane.value()];
    crypto::Sealer::Ticket ticket = sealer.next();
    Bytes datagram(header_bytes + payload.size() + wire::kTagBytes);
    const MutableByteView all(datagram);
    encode(ticket.counter(), all.first(header_bytes));
    sealer.seal(std::move(ticket), all.first(header_bytes), payload,
                all.subspan(header_bytes, payload.size()), all.last<wire::kTagBytes>());
    return datagram;
  }

  Bytes symbol(Input& input) {
    const std::size_t session = input.choice(kSessions);
    wire::SymbolHeader header;
    header.session = session_id(session);
    header.lane = LaneId(input.u8() % kLanes);
    // Mostly neighbours, sometimes far away.
    header.block = BlockNumber(input.flag() ? input.choice(16) : input.u64());
    if (input.flag()) {
      header.geometry = {200, 80, 2, 1};
      header.ordinal = input.u8() % 5;
    } else {
      header.geometry = {input.u32() % kMaxBlockBytesHere,
                         static_cast<std::uint16_t>(input.u8() + 1), input.u8(), input.u8()};
      header.ordinal = input.u16();
    }
    const Bytes payload(header.geometry.symbol_bytes, input.u8());
    return seal(session, header.lane, wire::kSymbolHeaderBytes, payload,
                [&](std::uint64_t counter, MutableByteView out) {
                  header.counter = counter;
                  wire::encode(header, out.first<wire::kSymbolHeaderBytes>());
                });
  }

  Bytes heartbeat(Input& input) {
    const std::size_t session = input.choice(kSessions);
    const LaneId lane(input.u8() % kLanes);
    Bytes payload;
    if (input.flag()) {
      payload =
          wire::write_heartbeat({from_unix_micros(input.i64()),
                                 ShipmentSequence(input.u64()),
                                 ShipmentSequence(input.u64()),
                                 {{LaneId(input.u8() % limits::kMaxLanes),
                                   BlockNumber(input.flag() ? input.choice(32) : input.u64())}}});
    } else {
      const ByteView raw = input.piece();
      payload.assign(raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(
                                                    std::min<std::size_t>(raw.size(), 1024)));
    }
    return seal(session, lane, wire::kSealedHeaderBytes, payload,
                [&](std::uint64_t counter, MutableByteView out) {
                  wire::encode(wire::HeartbeatHeader{lane, session_id(session), counter,
                                                     static_cast<std::uint16_t>(payload.size())},
                               out.first<wire::kSealedHeaderBytes>());
                });
  }

  void again(Input& input) {
    if (!sent_.empty()) {
      deliver(sent_[input.u8() % sent_.size()]);
    }
  }

  // What was not sealed as it arrives changes nothing but counters.
  void forge(Input& input) {
    if (sent_.empty()) {
      return;
    }
    Bytes datagram = sent_[input.u8() % sent_.size()];
    const std::size_t at = input.u16() % datagram.size();
    datagram[at] ^= static_cast<std::uint8_t>(1U << input.choice(8));
    if (input.flag()) {
      datagram.resize(at);
    }
    reader_->end_batch();
    const std::size_t told = blocks_.told();
    const std::size_t heartbeats = blocks_.heartbeats();
    const auto before = lanes();
    deliver(datagram);
    reader_->end_batch();
    SLUICE_ASSERT(blocks_.told() == told && blocks_.heartbeats() == heartbeats &&
                  lanes() == before);
  }

  using LaneState = std::tuple<LaneId, BlockNumber, std::size_t, std::uint64_t, std::uint64_t>;
  std::vector<LaneState> lanes() {
    std::vector<LaneState> all;
    for (const auto& stream : reader_->status().streams) {
      for (const auto& lane : stream.lanes) {
        all.emplace_back(lane.lane, lane.settled, lane.collecting, lane.datagrams,
                         lane.missing_datagrams);
        SLUICE_ASSERT(lane.collecting <= settings_.window);
      }
    }
    return all;
  }

  // In memory of its own, which the reader may change.
  void deliver(ByteView datagram) {
    arrived_.emplace_back(datagram.begin(), datagram.end());
    reader_->take(arrived_.back());
  }

  const std::vector<high::TrustedStream> streams_{{kStream, verify_key()}};
  high::ReceiveSettings settings_;
  NewestEpoch epochs_;
  OnceEach blocks_;
  test::ManualClock clock_;
  observe::Counters counters_;
  test::RecordedEvents events_;
  std::vector<crypto::Sealer> sealers_;
  std::vector<Bytes> sent_;
  std::vector<Bytes> arrived_;
  std::optional<high::LinkReader> reader_;
};

}  // namespace
}  // namespace sluice::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  fuzz::Scene scene;
  for (std::size_t step = 0; step < fuzz::kMaxSteps && !input.empty(); ++step) {
    scene.step(input);
  }
  scene.finish();
  return 0;
}
