#include "highside/daemon/media_receiver.h"

#include <algorithm>

#include "common/media/group_head.h"

namespace sluice::high {
namespace {

using observe::Metric;

// Datagrams of the largest group are in any order for the replay window: 64 KiB of memory.
constexpr std::size_t kReplayWindow = std::size_t{1} << 19;

// A recording of a session is what a volume is: what protects from older states is the ledger, and
// what from older bundles is the importer.
class EveryEpoch final : public EpochGuard {
 public:
  Result<Contact> admit(const std::string& stream, Epoch /*epoch*/,
                        SessionId /*session*/) override {
    admitted = stream;
    return Contact::kFirst;
  }
  std::string admitted;
};

// What a link would tell of its sessions means nothing here.
class NoEvents final : public observe::EventSink {
 public:
  void emit(observe::Level /*level*/, std::string_view /*name*/,
            observe::Fields /*fields*/) override {}
};

}  // namespace

// What one group needs of its own. Blocks go on to the consumer; losses are told by volume.
struct MediaReceiver::Group final : BlockConsumer {
  Group(const Parts& parts, const ReceiveSettings& settings)
      : outer(parts),
        reader(settings, {.streams = parts.streams,
                          .key = parts.key,
                          .epochs = epochs,
                          .consumer = *this,
                          .clock = parts.clock,
                          .counters = counters,
                          .events = events}) {}

  void block(RecoveredBlock block) override {
    ++whole;
    outer.consumer.block(std::move(block));
  }
  Bytes spare_block() override { return outer.consumer.spare_block(); }
  void lost(const LostBlocks& /*lost*/) override {}
  // A volume may have been on its way for weeks: what the link said since is newer.
  void heartbeat(const std::string& stream, const wire::Heartbeat& heartbeat,
                 UtcTime /*arrived*/) override {
    wire::Heartbeat told = heartbeat;
    UtcTime last;
    for (const StreamStatus& known : outer.publisher.status().streams) {
      if (known.stream == stream) {
        told.oldest = std::max(told.oldest, known.oldest);
        last = known.last_heartbeat;
      }
    }
    outer.consumer.heartbeat(stream, told, last);
  }

  const Parts& outer;
  observe::Counters counters;
  NoEvents events;
  EveryEpoch epochs;
  std::uint64_t whole = 0;
  LinkReader reader;
};

MediaReceiver::MediaReceiver(Parts parts) : parts_(parts) {
  settings_.window = media::kMaxBlocksPerGroup;
  settings_.lanes = 1;
  settings_.replay_window = kReplayWindow;
}

MediaReceiver::~MediaReceiver() = default;

Result<void> MediaReceiver::begin(const std::string& stream, std::vector<Bytes> announces) {
  group_ = std::make_unique<Group>(parts_, settings_);
  for (Bytes& announce : announces) {
    group_->reader.take(announce);
  }
  if (group_->epochs.admitted == stream) {
    return {};
  }
  if (group_->counters.get(Metric::kAnnounceNotForUs) > 0) {
    return Error{ErrorCode::kRefused, "stream " + stream,
                 "it is sealed to other sites' keys, not to this one's",
                 "have it exported for this site: its opening.pub belongs into the low side's "
                 "keys.receivers"};
  }
  return Error{ErrorCode::kIntegrity, "stream " + stream,
               "a group's announce was not signed by the sender", "have the volume made again"};
}

bool MediaReceiver::heartbeat(MutableByteView datagram) {
  group_->reader.take(datagram);
  return group_->counters.get(Metric::kHeartbeats) > 0;
}

bool MediaReceiver::symbol(MutableByteView datagram) {
  const std::uint64_t before = group_->whole;
  group_->reader.take(datagram);
  return group_->whole > before;
}

GroupSink::Outcome MediaReceiver::end() {
  const Outcome outcome{.whole = group_->whole,
                        .recovered = group_->counters.get(Metric::kRecoveredSymbols)};
  group_.reset();
  return outcome;
}

}  // namespace sluice::high
