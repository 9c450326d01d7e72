#include "highside/receive/link_reader.h"

#include <algorithm>

#include "common/base/calendar.h"
#include "common/base/present.h"

namespace sluice::high {
namespace {

using observe::Level;
using observe::Metric;

Metric metric_of(wire::Reject reject) {
  switch (reject) {
    case wire::Reject::kTooShort:
      return Metric::kRejectTooShort;
    case wire::Reject::kBadMagic:
      return Metric::kRejectBadMagic;
    case wire::Reject::kUnknownVersion:
      return Metric::kRejectUnknownVersion;
    case wire::Reject::kUnknownKind:
      return Metric::kRejectUnknownKind;
    case wire::Reject::kBadLength:
      return Metric::kRejectBadLength;
    case wire::Reject::kBadGeometry:
      return Metric::kRejectBadGeometry;
    case wire::Reject::kBadLane:
      return Metric::kRejectBadLane;
  }
  SLUICE_ASSERT(false);
  return Metric::kRejectBadMagic;
}

LanePools lane_pools(const ReceiveSettings& settings, BlockConsumer& consumer) {
  LanePools pools;
  for (std::size_t lane = 0; lane < limits::kMaxLanes; ++lane) {
    pools.emplace_back(lane < settings.lanes ? settings.lane_memory : 0,
                       [&consumer] { return consumer.spare_block(); });
  }
  return pools;
}

std::string_view name_of(EpochGuard::Contact contact) {
  switch (contact) {
    case EpochGuard::Contact::kFirst:
      return "first-contact";
    case EpochGuard::Contact::kSenderRestarted:
      return "sender-restarted";
    case EpochGuard::Contact::kReceiverRestarted:
      return "receiver-restarted";
  }
  return "";
}

Metric metric_of(EpochGuard::Contact contact) {
  switch (contact) {
    case EpochGuard::Contact::kFirst:
      return Metric::kSessionsFirst;
    case EpochGuard::Contact::kSenderRestarted:
      return Metric::kSessionsSenderRestarted;
    case EpochGuard::Contact::kReceiverRestarted:
      return Metric::kSessionsReceiverRestarted;
  }
  SLUICE_ASSERT(false);
  return Metric::kSessionsFirst;
}

}  // namespace

struct LinkReader::Stream {
  const TrustedStream& trusted;
  LanePools pools;  // before the sessions, whose blocks give back what they took
  std::unique_ptr<Session> current;
  std::unique_ptr<Session> previous;
  SteadyTime previous_ends;
  SteadyTime last_heard;  // or when listening began
  UtcTime last_heartbeat;
  bool alive = false;
  bool silence_told = false;
  SessionId refused;         // told once
  std::string_view contact;  // how the current session began
  std::uint64_t recordings = 0;
  // Of the sender's clock, by the last heartbeat of the current session: what it said, and when.
  std::optional<std::pair<UtcTime, SteadyTime>> sender_clock;
  std::uint64_t clock_steps = 0;
  std::optional<SteadyTime> no_memory_told{};
  std::uint64_t recovered_blocks = 0;
  std::uint64_t lost_blocks = 0;
};

LinkReader::LinkReader(const ReceiveSettings& settings, const ReceiveParts& parts)
    : settings_(settings),
      parts_(parts),
      timer_(parts.counters),
      now_(parts.clock.steady_now()),
      announce_second_(now_),
      own_clock_(parts.clock) {
  for (const TrustedStream& trusted : parts_.streams) {
    streams_.push_back(
        std::unique_ptr<Stream>(new Stream{.trusted = trusted,
                                           .pools = lane_pools(settings, parts.consumer),
                                           .current = {},
                                           .previous = {},
                                           .previous_ends = {},
                                           .last_heard = now_,
                                           .last_heartbeat = {},
                                           .refused = {},
                                           .contact = {},
                                           .sender_clock = {}}));
  }
  set_alive_gauge();
}

LinkReader::~LinkReader() = default;

void LinkReader::take(MutableByteView datagram) {
  const auto parsed = wire::parse(datagram);
  if (const auto* reject = std::get_if<wire::Reject>(&parsed)) {
    parts_.counters.add(metric_of(*reject));
    return;
  }
  std::visit([this, datagram](const auto& header) { take_header(header, datagram); },
             std::get<wire::Header>(parsed));
}

LinkReader::Found LinkReader::find(SessionId id) {
  for (const auto& stream : streams_) {
    for (const auto* session : {&stream->current, &stream->previous}) {
      if (*session != nullptr && (*session)->info().session == id) {
        return {.stream = stream.get(), .session = session->get()};
      }
    }
  }
  parts_.counters.add(Metric::kRejectUnknownSession);
  return {};
}

// `sealed` and what follows it, the tag, are the datagram's end.
template <class Header>
bool LinkReader::open(Session& session, const Header& header, ByteView header_bytes,
                      ByteView sealed, MutableByteView text) {
  const std::span<const std::uint8_t, crypto::kTagBytes> tag(sealed.data() + sealed.size(),
                                                             crypto::kTagBytes);
  switch (session.open(header.lane, header.counter, header_bytes, sealed, text, tag)) {
    case Session::Opened::kFresh:
      return true;
    case Session::Opened::kBadTag:
      parts_.counters.add(Metric::kRejectBadTag);
      break;
    case Session::Opened::kReplayed:
      parts_.counters.add(Metric::kRejectReplayed);
      break;
    case Session::Opened::kTooOld:
      parts_.counters.add(Metric::kRejectTooOld);
      break;
  }
  return false;
}

void LinkReader::take_header(const wire::SymbolHeader& header, MutableByteView datagram) {
  const Found found = find(header.session);
  if (found.session == nullptr) {
    return;
  }
  const MutableByteView sealed =
      datagram.subspan(wire::kSymbolHeaderBytes, header.geometry.symbol_bytes);
  MutableByteView text = found.session->place(header);
  if (text.empty()) {
    text = sealed;
  }
  if (open(*found.session, header, datagram.first(wire::kSymbolHeaderBytes), sealed, text)) {
    add_symbol(found, header, text);
  }
}

void LinkReader::take_header(const wire::HeartbeatHeader& header, MutableByteView datagram) {
  const Found found = find(header.session);
  if (found.session == nullptr) {
    return;
  }
  const MutableByteView payload = datagram.subspan(wire::kSealedHeaderBytes, header.payload_bytes);
  if (!open(*found.session, header, datagram.first(wire::kSealedHeaderBytes), payload, payload)) {
    return;
  }
  now_ = parts_.clock.steady_now();
  const auto heartbeat = wire::read_heartbeat(payload);
  if (!heartbeat) {
    parts_.counters.add(Metric::kRejectBadLength);
    return;
  }
  parts_.counters.add(Metric::kHeartbeats);
  for (const wire::LaneProgress& progress : heartbeat->lanes) {
    Lane& lane = found.session->lane(progress.lane);
    lane.blocks.sent_below(progress.next, now_);
    if (lane.heard == SteadyTime()) {
      lane.heard = now_;
    }
  }
  heard(*found.stream, found.session->lane(header.lane), header.lane);
  heard(*found.stream, *found.session, *heartbeat);
}

void LinkReader::heard(Stream& stream, const Session& session, const wire::Heartbeat& heartbeat) {
  if (&session != stream.current.get()) {
    return;  // the sender has begun a newer one
  }
  stream.last_heard = now_;
  stream.last_heartbeat = parts_.clock.utc_now();
  watch_sender_clock(stream, heartbeat.now);
  if (!stream.alive) {
    stream.alive = true;
    stream.silence_told = false;
    set_alive_gauge();
    parts_.events.emit(Level::kNotice, "link.alive", {{"stream", stream.trusted.name}});
  }
  parts_.consumer.heartbeat(stream.trusted.name, heartbeat, stream.last_heartbeat);
}

void LinkReader::heard(Stream& stream, Lane& lane, LaneId id) {
  lane.heard = now_;
  if (lane.silent) {
    lane.silent = false;
    tell_lane(stream, id, "link.lane_alive", Level::kNotice);
  }
}

void LinkReader::look_for_silent_lanes(Stream& stream) {
  if (stream.current == nullptr || !stream.alive) {
    return;
  }
  stream.current->for_each_lane([&](LaneId id, Lane& lane) {
    if (!lane.silent && now_ - lane.heard >= settings_.silence) {
      lane.silent = true;
      tell_lane(stream, id, "link.lane_silent", Level::kWarning);
    }
  });
}

void LinkReader::set_silent_gauge() {
  std::uint64_t silent = 0;
  for (const auto& each : streams_) {
    if (each->current != nullptr) {
      each->current->for_each_lane([&](LaneId, const Lane& one) { silent += one.silent ? 1 : 0; });
    }
  }
  parts_.counters.set(Metric::kLanesSilent, silent);
}

void LinkReader::tell_lane(const Stream& stream, LaneId lane, std::string_view what, Level level) {
  set_silent_gauge();
  parts_.events.emit(level, what,
                     {{"stream", stream.trusted.name}, {"lane", std::to_string(lane.value())}});
}

// Times of both sides are compared with nothing; only that one of them jumps is told, because it
// explains dates that do.
void LinkReader::watch_sender_clock(Stream& stream, UtcTime sent) {
  using std::chrono::microseconds;
  sent = in_calendar(sent);
  const auto before = std::exchange(stream.sender_clock, std::pair(sent, now_));
  if (!before) {
    return;
  }
  const auto passed = std::chrono::duration_cast<microseconds>(now_ - before->second);
  const auto step = std::chrono::duration_cast<std::chrono::seconds>(sent - before->first - passed);
  if (std::chrono::abs(step) < ClockWatch::kStep) {
    return;
  }
  ++stream.clock_steps;
  parts_.counters.add(Metric::kSenderClockSteps);
  parts_.events.emit(Level::kWarning, "link.sender_clock_stepped",
                     {{"stream", stream.trusted.name},
                      {"seconds", std::to_string(step.count())},
                      {"cure", "if the low side's clock is wrong now, set it right"}});
}

void LinkReader::watch_own_clock() {
  const auto step = own_clock_.look();
  if (step.count() == 0) {
    return;
  }
  parts_.counters.add(Metric::kClockSteps);
  parts_.events.emit(
      Level::kWarning, "clock.stepped",
      {{"seconds", std::to_string(step.count())},
       {"effect", "dates on pages and in the catalog jump; nothing else depends on them"},
       {"cure", "if the clock is wrong now, set it right"}});
}

bool LinkReader::may_look_at_announce() {
  now_ = parts_.clock.steady_now();
  if (now_ - announce_second_ >= std::chrono::seconds(1)) {
    announce_second_ = now_;
    announces_ = 0;
  }
  return announces_++ < kAnnouncesPerSecond;
}

void LinkReader::take_header(const wire::AnnounceHeader& /*header*/, MutableByteView datagram) {
  if (!may_look_at_announce()) {
    parts_.counters.add(Metric::kAnnounceTooMany);
    return;
  }
  std::optional<Error> why;
  for (const auto& stream : streams_) {
    const auto announce =
        wire::read_announce(datagram.subspan(wire::kPrefixBytes), stream->trusted.key, parts_.key);
    if (announce && announce->info.stream == stream->trusted.name) {
      accept(*stream, *announce);
      return;
    }
    // A key that two streams share is good for the name in the announce only. What was signed by a
    // trusted key says more than that another key did not sign it.
    if (!why || why->code == ErrorCode::kIntegrity) {
      why = announce ? Error{ErrorCode::kIntegrity, "announce of " + announce->info.stream,
                             "its key is that of the stream " + stream->trusted.name,
                             "give the stream the same name on both sides"}
                     : announce.error();
    }
  }
  refuse_announce(present(why));
}

void LinkReader::refuse_announce(const Error& why) {
  const Metric outcome = why.code == ErrorCode::kNotFound  ? Metric::kAnnounceNotForUs
                         : why.code == ErrorCode::kInvalid ? Metric::kAnnounceUnreadable
                                                           : Metric::kAnnounceForeign;
  parts_.counters.add(outcome);
  if (refusal_told_ && now_ - *refusal_told_ < kRefusalsTold) {
    return;
  }
  refusal_told_ = now_;
  parts_.events.failure(Level::kWarning, "link.announce_refused", why);
}

void LinkReader::accept(Stream& stream, const wire::OpenedAnnounce& announce) {
  const SessionId id = announce.info.session;
  if ((stream.current != nullptr && stream.current->info().session == id) ||
      (stream.previous != nullptr && stream.previous->info().session == id)) {
    parts_.counters.add(Metric::kAnnounceAccepted);
    return;
  }
  const auto admitted = parts_.epochs.admit(stream.trusted.name, announce.info.epoch, id);
  if (admitted) {
    parts_.counters.add(Metric::kAnnounceAccepted);
    begin_session(stream, announce, *admitted);
    return;
  }
  parts_.counters.add(Metric::kAnnounceOutdated,
                      admitted.error().code == ErrorCode::kOutdated ? 1 : 0);
  if (stream.refused != id) {
    stream.refused = id;
    if (admitted.error().code == ErrorCode::kOutdated) {
      ++stream.recordings;
      parts_.counters.add(Metric::kSessionsRecorded);
    }
    parts_.events.failure(Level::kWarning, "link.session_refused", admitted.error(),
                          {{"stream", stream.trusted.name},
                           {"epoch", std::to_string(announce.info.epoch.value())},
                           {"session", std::to_string(id.value())}});
  }
}

void LinkReader::begin_session(Stream& stream, const wire::OpenedAnnounce& announce,
                               EpochGuard::Contact contact) {
  stream.contact = name_of(contact);
  stream.sender_clock.reset();
  parts_.counters.add(metric_of(contact));
  end(stream, stream.previous);
  stream.previous = std::move(stream.current);
  stream.previous_ends = now_ + settings_.linger;
  stream.current = std::make_unique<Session>(announce, settings_, stream.pools);
  set_silent_gauge();
  parts_.events.emit(Level::kNotice, "link.session",
                     {{"stream", stream.trusted.name},
                      {"epoch", std::to_string(announce.info.epoch.value())},
                      {"session", std::to_string(announce.info.session.value())},
                      {"reason", std::string(stream.contact)}});
}

void LinkReader::end_batch() {
  now_ = parts_.clock.steady_now();
  timer_.lap(Metric::kReceiveOpenNanos);
}

void LinkReader::add_symbol(const Found& found, const wire::SymbolHeader& header,
                            ByteView payload) {
  Lane& lane = found.session->lane(header.lane);
  switch (lane.blocks.add(header, payload, now_)) {
    case BlockWindow::Took::kCollected:
      break;
    case BlockWindow::Took::kWhole:
      hand_over(found, header.lane, lane);
      break;
    case BlockWindow::Took::kSurplus:
      parts_.counters.add(Metric::kSurplusSymbols);
      break;
    case BlockWindow::Took::kLate:
      parts_.counters.add(Metric::kRejectLateBlock);
      break;
    case BlockWindow::Took::kNoMemory:
      no_memory(found, header);
      break;
    case BlockWindow::Took::kMismatch:
      parts_.counters.add(Metric::kRejectBadGeometry);
      break;
  }
}

void LinkReader::no_memory(const Found& found, const wire::SymbolHeader& header) {
  parts_.counters.add(Metric::kRejectNoMemory);
  Stream& stream = *found.stream;
  if (stream.no_memory_told && now_ - *stream.no_memory_told < kRefusalsTold) {
    return;
  }
  stream.no_memory_told = now_;
  const LaneId lane = header.lane;
  Error why{ErrorCode::kExhausted,
            "stream " + stream.trusted.name + ", lane " + std::to_string(lane.value()),
            "its blocks, such as one of " + std::to_string(header.geometry.block_bytes) +
                " bytes, do not fit the " + std::to_string(settings_.lane_memory) +
                " bytes that a lane has",
            "raise link.memory to what sluice-low check-config says, or lower link.outage there"};
  if (lane.value() >= settings_.lanes) {
    why.cause = "this side has memory for " + std::to_string(settings_.lanes) + " lanes";
    why.cure = "give link.listen an address for each lane of the sender";
  }
  parts_.events.failure(Level::kError, "link.memory_short", why);
}

void LinkReader::hand_over(const Found& found, LaneId id, Lane& lane) {
  timer_.lap(Metric::kReceiveOpenNanos);
  BlockWindow::Whole whole = lane.blocks.take_whole();
  ++found.stream->recovered_blocks;
  parts_.counters.add(Metric::kRecoveredBlocks);
  parts_.counters.add(Metric::kRecoveredSymbols, whole.recovered);
  timer_.lap(Metric::kReceiveRecoverNanos);
  parts_.consumer.block(
      {.stream = found.stream->trusted.name,
       .place = {.session = found.session->info().session, .lane = id, .number = whole.number},
       .bytes = std::move(whole.bytes)});
  timer_.skip();  // what the consumer does here is its own stage
}

void LinkReader::tick() {
  now_ = parts_.clock.steady_now();
  watch_own_clock();
  for (const auto& stream : streams_) {
    if (now_ - stream->last_heard >= settings_.silence) {
      fall_silent(*stream);
    }
    look_for_silent_lanes(*stream);
    if (stream->previous != nullptr && now_ >= stream->previous_ends) {
      end(*stream, stream->previous);
    }
    for (auto* session : {&stream->previous, &stream->current}) {
      if (*session != nullptr) {
        (*session)->for_each_lane([this](LaneId, Lane& lane) { lane.blocks.tick(now_); });
        tell_lost(*stream, **session);
      }
    }
  }
  timer_.skip();  // waiting is nobody's; and the first tick is on the thread that works
}

void LinkReader::tell_lost(Stream& stream, Session& session) {
  session.for_each_lane([&](LaneId id, Lane& lane) {
    for (const BlockWindow::Range& range : lane.blocks.take_lost()) {
      stream.lost_blocks += range.count;
      parts_.counters.add(Metric::kLostBlocks, range.count);
      parts_.consumer.lost(
          {.stream = stream.trusted.name,
           .first = {.session = session.info().session, .lane = id, .number = range.first},
           .count = range.count});
    }
  });
}

void LinkReader::end(Stream& stream, std::unique_ptr<Session>& session) {
  if (session == nullptr) {
    return;
  }
  session->for_each_lane([](LaneId, Lane& lane) { lane.blocks.give_up(); });
  tell_lost(stream, *session);
  session.reset();
}

void LinkReader::fall_silent(Stream& stream) {
  if (stream.silence_told) {
    return;
  }
  stream.silence_told = true;
  stream.alive = false;
  set_alive_gauge();
  parts_.events.emit(Level::kWarning, "link.silent",
                     {{"stream", stream.trusted.name},
                      {"milliseconds", std::to_string(settings_.silence.count())}});
  if (stream.current != nullptr) {
    stream.current->for_each_lane([](LaneId, Lane& lane) { lane.blocks.give_up(); });
  }
}

void LinkReader::set_alive_gauge() {
  const bool all = std::all_of(streams_.begin(), streams_.end(),
                               [](const auto& stream) { return stream->alive; });
  parts_.counters.set(Metric::kLinkAlive, all && !streams_.empty() ? 1 : 0);
}

LinkStatus LinkReader::status() {
  LinkStatus status;
  for (const auto& stream : streams_) {
    LinkStreamStatus& shown = status.streams.emplace_back();
    shown = {.stream = stream->trusted.name,
             .alive = stream->alive,
             .last_heartbeat = stream->last_heartbeat,
             .epoch = {},
             .session = {},
             .contact = std::string(stream->contact),
             .recordings = stream->recordings,
             .clock_steps = stream->clock_steps,
             .clock_ahead = {},
             .recovered_blocks = stream->recovered_blocks,
             .lost_blocks = stream->lost_blocks,
             .lanes = {}};
    if (stream->sender_clock) {
      shown.clock_ahead = std::chrono::duration_cast<std::chrono::seconds>(
          stream->sender_clock->first - stream->last_heartbeat);
    }
    if (stream->current == nullptr) {
      continue;
    }
    shown.epoch = stream->current->info().epoch;
    shown.session = stream->current->info().session;
    stream->current->for_each_lane([&shown](LaneId id, Lane& lane) {
      shown.lanes.push_back({.lane = id,
                             .alive = shown.alive && !lane.silent,
                             .settled = lane.blocks.floor(),
                             .collecting = lane.blocks.collecting(),
                             .datagrams = lane.authentic,
                             .missing_datagrams = lane.missing()});
    });
  }
  return status;
}

}  // namespace sluice::high
