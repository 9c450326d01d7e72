// Hostile datagrams as fast as a thread can send them, at a real socket, while a stream crosses:
//
//   Transmitter ─> UdpSink ──┐  recorded
//                            ├─> loopback ─> UdpSource ─> Receiver ─> Told
//   hostile thread ──────────┘
//
// Nothing changes but counters: every block of the stream arrives bit for bit or is named as lost.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <set>

#include "common/link/receive/udp_source.h"
#include "common/link/send/udp_sink.h"
#include "highside/receive/receiver.h"
#include "lowside/transmit/transmitter.h"
#include "tests/support/link_rig.h"

namespace sluice {
namespace {

using observe::Metric;

constexpr std::size_t kHostile = 300'000;
// Of each session, for replays.
constexpr std::size_t kRecorded = 4'000;
// Of a shipment: more datagrams than are recorded.
constexpr std::size_t kPassBytes = 6'500'000;
// Bytes by which the whole test may grow: windows of both sides, and what is recorded.
constexpr std::size_t kMaxGrowth = std::size_t{96} << 20;

// Sends on and keeps the first datagrams.
class Recorder final : public link::DatagramSink {
 public:
  explicit Recorder(std::unique_ptr<link::UdpSink> sink) : sink_(std::move(sink)) {
    recorded_.reserve(kRecorded);
  }

  Result<void> send(ByteView bytes, std::size_t datagram_bytes) override {
    {
      const std::lock_guard lock(mutex_);
      for (ByteView rest = bytes; !rest.empty() && recorded_.size() < kRecorded;) {
        const ByteView one = rest.first(std::min(rest.size(), datagram_bytes));
        recorded_.emplace_back(one.begin(), one.end());
        rest = rest.subspan(one.size());
      }
      full_.notify_all();
    }
    return sink_->send(bytes, datagram_bytes);
  }
  Stats stats() const override { return sink_->stats(); }

  std::vector<Bytes> recorded() const {
    const std::lock_guard lock(mutex_);
    return recorded_;
  }
  void wait_until_full() const {
    std::unique_lock lock(mutex_);
    full_.wait(lock, [this] { return recorded_.size() == kRecorded; });
  }

 private:
  std::unique_ptr<link::UdpSink> sink_;
  mutable std::mutex mutex_;
  mutable std::condition_variable full_;
  std::vector<Bytes> recorded_;
};

// What was told of blocks; their bytes are looked at and not kept.
class Told final : public high::BlockConsumer {
 public:
  explicit Told(crypto::VerifyKey key) : key_(key) {}

  void block(high::RecoveredBlock block) override {
    const bool good = wire::read_block(block.bytes, block.place, key_).has_value();
    const std::lock_guard lock(mutex_);
    bad_ += good ? 0 : 1;
    settle(block.place.session, block.place.number.value());
  }
  void lost(const high::LostBlocks& lost) override {
    const std::lock_guard lock(mutex_);
    for (std::uint64_t i = 0; i < lost.count; ++i) {
      settle(lost.first.session, lost.first.number.value() + i);
    }
  }
  void heartbeat(const std::string&, const wire::Heartbeat&, UtcTime) override {}

  std::size_t settled(SessionId session) const {
    const std::lock_guard lock(mutex_);
    const auto found = settled_.find(session);
    return found == settled_.end() ? 0 : found->second.size();
  }
  // Sessions of which anything was told.
  std::size_t sessions() const {
    const std::lock_guard lock(mutex_);
    return settled_.size();
  }
  std::size_t bad() const { return bad_; }
  std::size_t twice() const { return twice_; }

 private:
  void settle(SessionId session, std::uint64_t number) {
    twice_ += settled_[session].insert(number).second ? 0 : 1;
  }

  crypto::VerifyKey key_;
  mutable std::mutex mutex_;
  std::map<SessionId, std::set<std::uint64_t>> settled_;
  std::size_t bad_ = 0;
  std::size_t twice_ = 0;
};

// A sender's whole side, to the receiver's port.
class Sender {
 public:
  Sender(const crypto::SigningKey& key, const crypto::OpeningKey& receiver, Epoch epoch,
         std::uint16_t port, std::uint64_t rate)
      : recorder_(link::UdpSink::open({.address = "127.0.0.1", .port = port}).value()) {
    transmitter_ = low::Transmitter::start({.stream = "lab-low",
                                            .epoch = epoch,
                                            .rate_bits_per_second = rate,
                                            .block_bytes = std::size_t{256} << 10,
                                            .window = 4,
                                            .cadence = std::chrono::milliseconds(50),
                                            .poll = std::chrono::milliseconds(5)},
                                           {.outbox = outbox_,
                                            .blobs = blobs_,
                                            .lanes = {&recorder_},
                                            .key = key,
                                            .receivers = {receiver.sealing_key()},
                                            .clock = clock_,
                                            .counters = counters_,
                                            .events = events_})
                       .value();
  }

  // Always the same bytes, so that nothing grows by them.
  void put(std::uint64_t sequence) {
    pass_.sequence = ShipmentSequence(sequence);
    outbox_.put(pass_);
    transmitter_->wake();
  }
  void wait_until_sent(std::size_t passes) const { outbox_.wait_for_marked(passes); }
  std::uint64_t blocks() const { return counters_.get(Metric::kSentBlocks); }
  const Recorder& recorder() const { return recorder_; }

 private:
  Recorder recorder_;
  SystemClock clock_;
  std::mt19937_64 random_{1};
  test::MemoryBlobs blobs_;
  test::MemoryOutbox outbox_;
  low::OutgoingPass pass_ = test::make_pass(blobs_, random_, 1, {kPassBytes});
  observe::Counters counters_;
  test::RecordedEvents events_;
  std::unique_ptr<low::Transmitter> transmitter_;
};

class Flood : public testing::Test {
 protected:
  Flood() {
    auto source = link::UdpSource::open({.address = "127.0.0.1"}).value();
    address_ = source->local_address();
    std::vector<std::unique_ptr<link::DatagramSource>> sources;
    sources.push_back(std::move(source));
    receiver_ = std::make_unique<high::Receiver>(
        high::ReceiveSettings{.ring_bytes = std::size_t{4} << 20}, std::move(sources),
        high::ReceiveParts{.streams = streams_,
                           .key = opening_,
                           .epochs = epochs_,
                           .consumer = told_,
                           .clock = clock_,
                           .counters = counters_,
                           .events = events_});
  }

  Sender sender(const crypto::SigningKey& key, Epoch epoch, std::uint64_t rate) {
    return {key, opening_, epoch, address_.port(), rate};
  }

  // The receiver's session of the stream, once it has this epoch.
  SessionId wait_for_session(Epoch epoch) const {
    for (;;) {
      const high::LinkStreamStatus stream = receiver_->status().streams.at(0);
      if (stream.epoch == epoch) {
        return stream.session;
      }
      std::this_thread::yield();
    }
  }
  std::uint64_t count(Metric metric) const { return counters_.get(metric); }

  crypto::SigningKey signing_ = crypto::SigningKey::generate();
  crypto::OpeningKey opening_ = crypto::OpeningKey::generate();
  const std::vector<high::TrustedStream> streams_{
      {.name = "lab-low", .key = signing_.verify_key()}};
  SystemClock clock_;
  test::MemoryEpochs epochs_;
  observe::Counters counters_;
  test::RecordedEvents events_;
  Told told_{signing_.verify_key()};
  link::Address address_;
  std::unique_ptr<high::Receiver> receiver_;
};

// What an attacker on the link's network can send: what was heard before, whole, spoiled or cut,
// in any order, and noise.
class Attacker {
 public:
  Attacker(const link::Address& to, std::vector<Bytes> heard) : heard_(std::move(heard)) {
    socket_ = ::socket(AF_INET, SOCK_DGRAM, 0);
    EXPECT_EQ(::connect(socket_, to.data(), to.size()), 0);
  }
  Attacker(const Attacker&) = delete;
  Attacker& operator=(const Attacker&) = delete;
  ~Attacker() { ::close(socket_); }

  void send(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      datagram_ = heard_[random_() % heard_.size()];
      spoil(i % 5);
      ::send(socket_, datagram_.data(), datagram_.size(), 0);
    }
  }

 private:
  void spoil(std::size_t way) {
    switch (way) {
      case 0:  // as it was: a replay, or of another session
        break;
      case 1:  // one bit in header, payload or tag
        datagram_[random_() % datagram_.size()] ^= static_cast<std::uint8_t>(1U << random_() % 8);
        break;
      case 2:
        datagram_.resize(random_() % datagram_.size());
        break;
      case 3:  // a session that nobody announced
        for (std::size_t at = wire::kPrefixBytes; at < wire::kPrefixBytes + 8; ++at) {
          datagram_[at] = static_cast<std::uint8_t>(random_());
        }
        break;
      default:
        std::ranges::generate(datagram_, [this] { return static_cast<std::uint8_t>(random_()); });
        break;
    }
  }

  int socket_;
  std::vector<Bytes> heard_;
  Bytes datagram_;
  std::mt19937_64 random_{2};
};

TEST_F(Flood, ChangesNothingButCounters) {
  constexpr std::uint64_t kRate = 400'000'000;
  // An earlier session of the same sender, a stranger's, and the one that is attacked.
  std::vector<Bytes> heard;
  const auto hear = [&heard](const Sender& from) {
    for (Bytes& datagram : from.recorder().recorded()) {
      heard.push_back(std::move(datagram));
    }
  };
  {
    Sender earlier = sender(signing_, Epoch(1), kRate);
    wait_for_session(Epoch(1));
    earlier.put(1);
    earlier.recorder().wait_until_full();
    hear(earlier);
    const crypto::SigningKey other = crypto::SigningKey::generate();
    Sender stranger = sender(other, Epoch(9), kRate);
    stranger.put(1);
    stranger.recorder().wait_until_full();
    hear(stranger);
  }
  Sender stream = sender(signing_, Epoch(2), kRate);
  const SessionId session = wait_for_session(Epoch(2));
  stream.put(1);
  stream.recorder().wait_until_full();
  hear(stream);

  const std::size_t before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
  std::size_t most = before;
  std::atomic<bool> done = false;
  std::jthread attack([&, attacker = std::make_unique<Attacker>(address_, std::move(heard))] {
    attacker->send(kHostile);
    done = true;
  });
  std::uint64_t sequence = 2;
  for (; !done || sequence < 6; ++sequence) {
    stream.put(sequence);
    stream.wait_until_sent(sequence);
    most = std::max(most, ::mallinfo2().uordblks + ::mallinfo2().hblkhd);
  }
  attack.join();
  // A heartbeat after the last block says how many there are; what did not come by then is named.
  while (told_.settled(session) < stream.blocks()) {
    std::this_thread::yield();
  }

  EXPECT_EQ(told_.settled(session), stream.blocks());
  EXPECT_EQ(told_.bad(), 0U);
  EXPECT_EQ(told_.twice(), 0U);
  EXPECT_EQ(told_.sessions(), 2U);
  EXPECT_EQ(events_.named("link.session").size(), 2U);
  EXPECT_EQ(receiver_->status().streams.at(0).session, session);
  for (const Metric reason :
       {Metric::kRejectTooShort, Metric::kRejectBadMagic, Metric::kRejectBadLength,
        Metric::kRejectUnknownSession, Metric::kRejectBadTag, Metric::kRejectReplayed}) {
    EXPECT_GT(count(reason), 0U) << observe::kMetrics[static_cast<std::size_t>(reason)].labels;
  }
  EXPECT_LT(most - before, kMaxGrowth);
}

}  // namespace
}  // namespace sluice
