#include "tests/support/link_rig.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::test {

void RecordedBlocks::block(high::RecoveredBlock block) {
  const Place place{block.place.session.value(), block.place.number.value()};
  told_twice += blocks.contains(place) || lost_places.contains(place) ? 1 : 0;
  blocks[place] = std::move(block.bytes);
}

void RecordedBlocks::lost(const high::LostBlocks& lost) {
  losses.push_back(lost);
  for (std::uint64_t i = 0; i < lost.count; ++i) {
    const Place place{lost.first.session.value(), lost.first.number.value() + i};
    told_twice += blocks.contains(place) || !lost_places.insert(place).second ? 1 : 0;
  }
}

void RecordedBlocks::heartbeat(const std::string& /*stream*/, const wire::Heartbeat& heartbeat,
                               UtcTime /*arrived*/) {
  heartbeats.push_back(heartbeat);
}

Result<high::EpochGuard::Contact> MemoryEpochs::admit(const std::string& stream, Epoch epoch,
                                                      SessionId session) {
  const auto [at, first] = newest_.try_emplace(stream, epoch, session);
  auto& [newest, of] = at->second;
  if (epoch < newest || (epoch == newest && session != of)) {
    return Error{ErrorCode::kOutdated, "session of " + stream, "a newer one was seen", ""};
  }
  if (first) {
    return Contact::kFirst;
  }
  if (epoch == newest) {
    return Contact::kReceiverRestarted;
  }
  newest = epoch;
  of = session;
  return Contact::kSenderRestarted;
}

low::OutgoingPass make_pass(MemoryBlobs& blobs, std::mt19937_64& random, std::uint64_t sequence,
                            const std::vector<std::size_t>& sizes) {
  low::OutgoingPass pass{.sequence = ShipmentSequence(sequence),
                         .pass = 0,
                         .manifest = Bytes(300, static_cast<std::uint8_t>(sequence)),
                         .blobs = {}};
  for (const std::size_t size : sizes) {
    Bytes content(size);
    for (auto& byte : content) {
      byte = static_cast<std::uint8_t>(random());
    }
    pass.blobs.push_back({.digest = blobs.add(std::move(content)), .size = size});
  }
  return pass;
}

LinkRig::LinkRig(const RigSettings& rig) : random(rig.seed), link(rig.seed, rig.faults) {
  transmit.stream = kStream;
  transmit.mtu = rig.mtu;
  transmit.rate_bits_per_second = 1'000'000'000;
  transmit.block_bytes = limits::kMinBlockBytes;
  transmit.window = 4;
  receive.window = 8;
  streams.push_back({.name = kStream, .key = signing.verify_key()});
  start_receiver();
  start_sender(Epoch(1));
}

void LinkRig::start_sender(Epoch epoch) {
  transmit.epoch = epoch;
  sender.reset();
  builder.reset();
  beacon = std::make_unique<low::Beacon>(wire::SessionInfo{.stream = kStream,
                                                           .epoch = epoch,
                                                           .session = SessionId(random()),
                                                           .started = clock.utc_now()},
                                         crypto::SessionKey::generate(),
                                         std::vector{opening.sealing_key()}, signing, outbox, 1);
  builder = std::make_unique<low::PassBuilder>(transmit, beacon->info().session, blobs, signing,
                                               compression, low_counters, events);
  sender = std::make_unique<low::LaneSender>(transmit, LaneId(0), *beacon, link.sink(),
                                             sender_clock, low_counters, events);
  next_block_ = 0;
}

void LinkRig::start_receiver() {
  reader = std::make_unique<high::LinkReader>(receive, high::ReceiveParts{.streams = streams,
                                                                          .key = opening,
                                                                          .epochs = epochs,
                                                                          .consumer = received,
                                                                          .clock = receiver_clock,
                                                                          .counters = high_counters,
                                                                          .events = events});
  memory_.resize(4 * link.source().buffer_bytes());
  buffers_.resize(4);
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    buffers_[i].memory = MutableByteView(memory_).subspan(i * link.source().buffer_bytes(),
                                                          link.source().buffer_bytes());
  }
}

void LinkRig::send(low::OutgoingPass pass) {
  builder->begin(std::move(pass));
  while (!builder->done() || !sender->idle()) {
    if (!builder->done() && sender->wants_block()) {
      auto block = std::make_unique<low::EncodedBlock>(transmit);
      builder->build(LaneId(0), BlockNumber(next_block_), *block);
      const ByteView bytes = block->data.first(block->geometry.block_bytes);
      sent[{session(), next_block_++}] = Bytes(bytes.begin(), bytes.end());
      sender->take(std::move(block));
    }
    const SteadyTime next = sender->step(clock.steady_now());
    if (!sender->idle()) {  // else the next block is there at once
      clock.advance_to(next);
    }
    while (sender->take_finished() != nullptr) {
    }
    deliver();
  }
}

void LinkRig::send_blocks(std::size_t count) {
  send(make_pass(blobs, random, next_sequence_++, {count * transmit.block_bytes}));
}

void LinkRig::run_for(std::chrono::nanoseconds time) {
  const SteadyTime end = clock.steady_now() + time;
  while (clock.steady_now() < end) {
    const SteadyTime next = sender->step(clock.steady_now());
    deliver();
    clock.advance_to(std::min({next, end, clock.steady_now() + std::chrono::milliseconds(50)}));
  }
  deliver();
}

void LinkRig::deliver() {
  while (const std::size_t count =
             link.source().receive(buffers_, std::chrono::milliseconds(0)).value()) {
    for (const link::ReceiveBuffer& buffer : std::span(buffers_).first(count)) {
      MutableByteView rest = buffer.memory.first(buffer.bytes);
      do {
        const std::size_t length = std::min(rest.size(), buffer.segment_bytes);
        reader->take(rest.first(length));
        rest = rest.subspan(length);
      } while (!rest.empty());
    }
    reader->end_batch();
  }
  reader->tick();
}

std::vector<std::uint64_t> LinkRig::lost() const {
  std::vector<std::uint64_t> numbers;
  for (const auto& [of, number] : received.lost_places) {
    if (of == session()) {
      numbers.push_back(number);
    }
  }
  return numbers;
}

void LinkRig::expect_all_arrived_but_lost() const {
  EXPECT_EQ(received.told_twice, 0U);
  for (const auto& [place, bytes] : sent) {
    const auto arrived = received.blocks.find(place);
    if (arrived == received.blocks.end()) {
      EXPECT_TRUE(received.lost_places.contains(place))
          << "block " << place.second << " neither arrived nor was told lost";
    } else {
      EXPECT_TRUE(arrived->second == bytes) << "block " << place.second << " is another";
    }
  }
  for (const auto& [place, bytes] : received.blocks) {
    EXPECT_TRUE(sent.contains(place)) << "block " << place.second << " was never sent";
  }
}

std::optional<wire::SymbolHeader> symbol_header(ByteView datagram) {
  const auto parsed = wire::parse(datagram);
  if (const auto* header = std::get_if<wire::Header>(&parsed)) {
    if (const auto* symbol = std::get_if<wire::SymbolHeader>(header)) {
      return *symbol;
    }
  }
  return std::nullopt;
}

}  // namespace sluice::test
