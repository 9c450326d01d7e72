// All that is done with a datagram, without threads: check it, find its session, open it, ask the
// replay window, and only then let it change anything: put blocks together, hand them on, say what
// was lost and when a stream falls silent.
//
//   take() ── announce ──> EpochGuard ──> sessions: the current and, briefly, the one before it
//     │ ───── heartbeat ─> BlockConsumer::heartbeat
//     └ ───── symbol ────> BlockWindow ──> BlockConsumer::block, ::lost
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "common/base/clock_watch.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "common/observe/stage_timer.h"
#include "common/wire/datagram.h"
#include "highside/pipeline/flow.h"
#include "highside/receive/epoch_guard.h"
#include "highside/receive/session.h"
#include "highside/receive/settings.h"
#include "highside/receive/status.h"

namespace sluice::high {

// Everything it works with. All must outlive it.
struct ReceiveParts {
  const std::vector<TrustedStream>& streams;
  const crypto::OpeningKey& key;
  EpochGuard& epochs;
  BlockConsumer& consumer;
  const Clock& clock;
  observe::Counters& counters;
  observe::EventSink& events;
};

// One thread.
class LinkReader {
 public:
  LinkReader(const ReceiveSettings& settings, const ReceiveParts& parts);
  ~LinkReader();

  // Opens it, in place or straight into its block.
  void take(MutableByteView datagram);
  // After some that were taken together: reads the clocks, which is too slow for each datagram.
  void end_batch();
  // What time brings: silence, grace, the end of a session. To be called at least every 100 ms.
  void tick();

  LinkStatus status();

  // Announces looked at in a second; more are not: a signature costs 35 µs, a box as much again.
  static constexpr int kAnnouncesPerSecond = 64;
  // What comes every second, or with every datagram, is told once a minute: refused announces, and
  // that memory is short.
  static constexpr std::chrono::seconds kRefusalsTold{60};

 private:
  struct Stream;
  struct Found {
    Stream* stream = nullptr;
    Session* session = nullptr;
  };

  void take_header(const wire::SymbolHeader& header, MutableByteView datagram);
  void take_header(const wire::HeartbeatHeader& header, MutableByteView datagram);
  void take_header(const wire::AnnounceHeader& header, MutableByteView datagram);

  Found find(SessionId id);
  template <class Header>
  bool open(Session& session, const Header& header, ByteView header_bytes, ByteView sealed,
            MutableByteView text);
  bool may_look_at_announce();
  void refuse_announce(const Error& why);
  void accept(Stream& stream, const wire::OpenedAnnounce& announce);
  void begin_session(Stream& stream, const wire::OpenedAnnounce& announce,
                     EpochGuard::Contact contact);
  void heard(Stream& stream, const Session& session, const wire::Heartbeat& heartbeat);
  void watch_sender_clock(Stream& stream, UtcTime sent);
  void watch_own_clock();
  void add_symbol(const Found& found, const wire::SymbolHeader& header, ByteView payload);
  void hand_over(const Found& found, LaneId id, Lane& lane);
  void no_memory(const Found& found, const wire::SymbolHeader& header);
  void tell_lost(Stream& stream, Session& session);
  void end(Stream& stream, std::unique_ptr<Session>& session);
  void fall_silent(Stream& stream);
  void heard(Stream& stream, Lane& lane, LaneId id);
  void look_for_silent_lanes(Stream& stream);
  void tell_lane(const Stream& stream, LaneId lane, std::string_view what, observe::Level level);
  void set_alive_gauge();
  void set_silent_gauge();

  const ReceiveSettings& settings_;
  const ReceiveParts parts_;
  observe::StageTimer timer_;
  std::vector<std::unique_ptr<Stream>> streams_;
  SteadyTime now_;  // read once for a batch
  SteadyTime announce_second_;
  int announces_ = 0;
  std::optional<SteadyTime> refusal_told_;
  ClockWatch own_clock_;
};

}  // namespace sluice::high
