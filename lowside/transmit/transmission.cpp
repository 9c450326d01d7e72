#include "lowside/transmit/transmission.h"

#include <algorithm>

#include "common/base/present.h"
#include "common/crypto/random.h"

namespace sluice::low {
namespace {

wire::SessionInfo session_info(const TransmitSettings& settings, const Clock& clock) {
  return {.stream = settings.stream,
          .epoch = settings.epoch,
          .session = SessionId(crypto::random_u64()),
          .started = clock.utc_now()};
}

}  // namespace

struct Transmission::Lane {
  Lane(const TransmitSettings& settings, const TransmitParts& parts, Beacon& beacon, LaneId lane)
      : sink(*parts.lanes[lane.value()]),
        sender(settings, lane, beacon, sink, parts.clock, parts.counters, parts.events),
        id(lane) {}

  link::DatagramSink& sink;
  BlockQueue queue;
  LaneSender sender;
  LaneId id;
  std::uint64_t next_number = 0;  // the builder's
  std::atomic<bool> failing = false;
  std::atomic<bool> given_up = false;
  // The lane thread's measure of its own rate.
  SteadyTime measured;
  std::uint64_t measured_bytes = 0;
  std::atomic<std::uint64_t> bits_per_second{0};

  void measure_rate(SteadyTime now, std::chrono::nanoseconds period);
};

void Transmission::Lane::measure_rate(SteadyTime now, std::chrono::nanoseconds period) {
  const std::chrono::duration<double> passed = now - measured;
  if (passed < period) {
    return;
  }
  const std::uint64_t bytes = sink.stats().bytes;
  bits_per_second.store(
      static_cast<std::uint64_t>(static_cast<double>(bytes - measured_bytes) * 8 / passed.count()),
      std::memory_order_relaxed);
  measured = now;
  measured_bytes = bytes;
}

Result<std::unique_ptr<Transmission>> Transmission::begin(TransmitSettings settings,
                                                          TransmitParts parts) {
  SLUICE_TRY_VOID(settings.validate());
  if (parts.receivers.empty()) {
    return Error{ErrorCode::kInvalid, "link of stream " + settings.stream, "it has no receiver",
                 "give the public key of at least one high side"};
  }
  SLUICE_ASSERT(!parts.lanes.empty() && parts.lanes.size() <= limits::kMaxLanes);
  return std::unique_ptr<Transmission>(new Transmission(std::move(settings), std::move(parts)));
}

Transmission::Transmission(TransmitSettings settings, TransmitParts parts)
    : settings_(std::move(settings)),
      parts_(std::move(parts)),
      beacon_(session_info(settings_, parts_.clock), crypto::SessionKey::generate(),
              parts_.receivers, parts_.key, parts_.outbox, parts_.lanes.size()) {
  for (auto& slot : slots_) {
    slot = std::make_unique<Slot>(settings_, beacon_.info().session, parts_, compression_);
  }
  for (std::size_t i = 0; i < parts_.lanes.size(); ++i) {
    lanes_.push_back(
        std::make_unique<Lane>(settings_, parts_, beacon_, LaneId(static_cast<std::uint8_t>(i))));
  }
  parts_.events.emit(observe::Level::kNotice, "link.session_started",
                     {{"stream", settings_.stream},
                      {"epoch", std::to_string(settings_.epoch.value())},
                      {"session", std::to_string(beacon_.info().session.value())},
                      {"lanes", std::to_string(lanes_.size())}});
}

Transmission::~Transmission() = default;

Transmission::Built Transmission::build() {
  const Built built = build_next();
  if (built == Built::kLaneFull) {
    compression_.lane_full();
  } else if (built != Built::kWorked) {
    compression_.nothing_left();
  }
  return built;
}

Transmission::Built Transmission::build_next() {
  bool orphans = false;
  {
    const std::lock_guard lock(mutex_);
    changes_seen_ = changes_;
    orphans = !orphans_.empty();
  }
  if (orphans) {
    return move_orphan();
  }
  if (const auto whole = sent_whole()) {
    // What could not be marked is still due: not at once, for the disk's sake.
    return mark_sent(*whole) ? Built::kWorked : Built::kNothingDue;
  }
  look_for_passes();
  if (const auto next = choose()) {
    return build_block(*next);
  }
  const std::lock_guard lock(mutex_);
  const bool under_way =
      std::ranges::any_of(slots_, [](const auto& one) { return !one->under_way.empty(); });
  return under_way ? Built::kUnderWay : Built::kNothingDue;
}

// Asks where there may be something: each question takes the outbox's lock.
void Transmission::look_for_passes() {
  const std::uint64_t changes = parts_.outbox.changes();
  const SteadyTime now = parts_.clock.steady_now();
  if (outbox_changes_ == changes && now < look_again_) {
    return;
  }
  outbox_changes_ = changes;
  look_again_ = now + settings_.poll;
  for (const Urgency urgency : kUrgencies) {
    if (slot(urgency).builder.done()) {
      begin_pass(urgency);
    }
  }
}

void Transmission::begin_pass(Urgency urgency) {
  const PassNames others = under_way(urgency);
  if (others.size() >= kPassesUnderWay) {
    return;
  }
  auto due = parts_.outbox.next_due(parts_.clock.utc_now(), urgency, others);
  if (!due) {
    parts_.events.failure(observe::Level::kError, "transmit.outbox_failed", due.error());
    return;
  }
  if (!due->has_value()) {
    return;
  }
  OutgoingPass next = present(*std::move(due));
  Slot& begun = slot(urgency);
  const ShipmentSequence sequence = next.sequence;
  const std::uint32_t number = next.pass;
  begun.builder.begin(std::move(next));
  begun.turn = number % lanes_.size();
  const std::lock_guard lock(mutex_);
  begun.under_way.push_back({.number = ++passes_begun_,
                             .pass = {.sequence = sequence,
                                      .pass = number,
                                      .urgency = urgency,
                                      .bytes_done = 0,
                                      .bytes_total = begun.builder.total_bytes()}});
}

PassNames Transmission::under_way(Urgency urgency) const {
  PassNames names;
  const std::lock_guard lock(mutex_);
  for (const UnderWay& one : slots_[static_cast<std::size_t>(urgency)]->under_way) {
    names.push_back({one.pass.sequence, one.pass.pass});
  }
  return names;
}

// The next from `turn` on that is not given up, if it has room.
Transmission::Lane* Transmission::lane_with_room(std::size_t turn) {
  for (std::size_t tried = 0; tried < lanes_.size(); ++tried) {
    Lane& lane = *lanes_[(turn + tried) % lanes_.size()];
    if (lane.failing && lane.queue.full()) {
      continue;  // it will be given up, or come back: the others need not wait for it
    }
    if (!lane.given_up) {
      return lane.queue.full() ? nullptr : &lane;
    }
  }
  return nullptr;
}

std::optional<Urgency> Transmission::first_to_build(Urgency from, Urgency to) const {
  for (const Urgency urgency : kUrgencies) {
    const Slot& one = *slots_[static_cast<std::size_t>(urgency)];
    if (urgency >= from && urgency <= to && !one.builder.done()) {
      return urgency;
    }
  }
  return std::nullopt;
}

// Whose block is built next.
std::optional<Urgency> Transmission::choose() {
  const auto urgent = first_to_build(Urgency::kFresh, Urgency::kResend);
  const auto idle = first_to_build(Urgency::kRepeat, Urgency::kCarousel);
  if (!urgent || !idle) {
    credit_ = 0;  // is not saved up
    return urgent ? urgent : idle;
  }
  return credit_ >= static_cast<double>(settings_.block_bytes) ? idle : urgent;
}

void Transmission::count_switch(Urgency urgency) {
  if (last_built_ && urgency < *last_built_ && !slot(*last_built_).builder.done()) {
    parts_.counters.add(observe::Metric::kSuspendedPasses);
  }
  last_built_ = urgency;
}

// Of a lane that was given up, for another one.
Transmission::Built Transmission::move_orphan() {
  Lane* const lane = lane_with_room(turn_);
  if (lane == nullptr) {
    return Built::kLaneFull;
  }
  turn_ = (lane->id.value() + 1) % lanes_.size();
  std::unique_ptr<EncodedBlock> block;
  {
    const std::lock_guard lock(mutex_);
    block = std::move(orphans_.back());
    orphans_.pop_back();
  }
  parts_.counters.add(observe::Metric::kMovedBlocks);
  slot(block->urgency).builder.rebuild(lane->id, BlockNumber(lane->next_number), *block);
  ++lane->next_number;
  lane->queue.push(std::move(block));
  return Built::kWorked;
}

Transmission::Built Transmission::build_block(Urgency urgency) {
  Slot& from = slot(urgency);
  Lane* const lane = lane_with_room(from.turn);
  if (lane == nullptr) {
    return Built::kLaneFull;
  }
  from.turn = (lane->id.value() + 1) % lanes_.size();
  auto block = lane->queue.spare();
  if (block == nullptr) {
    block = std::make_unique<EncodedBlock>(settings_);
  }
  count_switch(urgency);
  compression_.begin_block();
  from.builder.build(lane->id, BlockNumber(lane->next_number), *block);
  block->urgency = urgency;
  if (from.builder.done()) {
    outbox_changes_.reset();  // the next of that urgency may be due
  }
  const auto bytes = static_cast<double>(block->data.size());
  credit_ += urgency <= Urgency::kResend
                 ? bytes * settings_.repeat_percent / (100 - settings_.repeat_percent)
                 : -std::min(bytes, credit_);
  {
    const std::lock_guard lock(mutex_);
    block->pass = from.under_way.back().number;
    ++from.under_way.back().blocks_outstanding;
    uncompressed_blocks_ += compression_.open() ? 0 : 1;
  }
  ++lane->next_number;
  lane->queue.push(std::move(block));
  return Built::kWorked;
}

// The oldest pass of an urgency, if it is built to its end and every block of it has left.
std::optional<Urgency> Transmission::sent_whole() const {
  const std::lock_guard lock(mutex_);
  for (const Urgency urgency : kUrgencies) {
    const Slot& one = *slots_[static_cast<std::size_t>(urgency)];
    const bool built = one.under_way.size() > 1 || one.builder.done();
    if (!one.under_way.empty() && built && one.under_way.front().blocks_outstanding == 0) {
      return urgency;
    }
  }
  return std::nullopt;
}

void Transmission::wait_to_build(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, settings_.poll, [this] { return changes_ != changes_seen_; });
}

void Transmission::wake() {
  const std::lock_guard lock(mutex_);
  ++changes_;
  changed_.notify_all();
}

bool Transmission::mark_sent(Urgency urgency) {
  const TransmitStatus::Pass pass = slot(urgency).under_way.front().pass;
  const std::string shipment = observe::shipment_id(settings_.stream, pass.sequence);
  const auto marked =
      parts_.outbox.mark_sent(pass.sequence, pass.pass, urgency, parts_.clock.utc_now());
  if (marked) {
    parts_.events.emit(observe::Level::kInfo, "shipment.sent",
                       {{"shipment", shipment},
                        {"pass", std::to_string(pass.pass)},
                        {"urgency", std::string(to_string(urgency))}});
  } else {
    parts_.events.failure(observe::Level::kError, "transmit.mark_failed", marked.error(),
                          {{"shipment", shipment}});
  }
  parts_.counters.add(observe::Metric::kSentPasses);
  parts_.counters.set(observe::Metric::kSentShipments, parts_.outbox.highest_sent().value());
  outbox_changes_.reset();  // the next of that urgency may be due
  const std::lock_guard lock(mutex_);
  slot(urgency).under_way.pop_front();
  ++passes_sent_;
  return marked.has_value();
}

SteadyTime Transmission::send(std::size_t lane_index) {
  Lane& lane = *lanes_[lane_index];
  while (!lane.given_up && lane.sender.wants_block()) {
    auto block = lane.queue.try_pop();
    if (block == nullptr) {
      if (lane.sender.runs_dry(parts_.clock.steady_now())) {
        compression_.wire_waits();
      }
      break;
    }
    lane.sender.take(std::move(block));
    const std::lock_guard lock(mutex_);
    ++changes_;
    changed_.notify_all();
  }
  const SteadyTime next = lane.sender.step(parts_.clock.steady_now());
  look_at(lane);
  while (auto block = lane.sender.take_finished()) {
    finished(lane, std::move(block));
  }
  const SteadyTime now = parts_.clock.steady_now();
  lane.measure_rate(now, settings_.cadence);
  return lane.sender.idle() && lane.queue.depth() > 0 ? now : next;
}

void Transmission::look_at(Lane& lane) {
  const auto failing_since = lane.sender.failing_since();
  if (lane.failing != failing_since.has_value()) {
    lane.failing = failing_since.has_value();
    show_failing();
  }
  if (!failing_since) {
    lane.given_up = false;
    return;
  }
  const bool others = std::ranges::any_of(lanes_, [](const auto& one) { return !one->failing; });
  if (others && parts_.clock.steady_now() - *failing_since >= kLaneGivenUp) {
    give_up(lane);
  }
}

// Also what the builder pushed meanwhile.
void Transmission::give_up(Lane& lane) {
  const bool first = !lane.given_up.exchange(true);
  auto blocks = lane.sender.abandon();
  while (auto block = lane.queue.try_pop()) {
    blocks.push_back(std::move(block));
  }
  if (first) {
    parts_.events.emit(observe::Level::kError, "link.lane_given_up",
                       {{"lane", std::to_string(lane.id.value())},
                        {"blocks", std::to_string(blocks.size())},
                        {"effect", "the other lanes send them"}});
  }
  const std::lock_guard lock(mutex_);
  std::ranges::move(blocks, std::back_inserter(orphans_));
  ++changes_;
  changed_.notify_all();
}

void Transmission::show_failing() {
  const auto failing =
      std::ranges::count_if(lanes_, [](const auto& one) { return one->failing.load(); });
  parts_.counters.set(observe::Metric::kLanesFailing, static_cast<std::uint64_t>(failing));
  const std::lock_guard lock(mutex_);
  ++changes_;
  changed_.notify_all();
}

bool Transmission::idle(std::size_t lane) const { return lanes_[lane]->sender.idle(); }

void Transmission::wait_to_send(std::size_t lane_index, SteadyTime until,
                                const std::stop_token& stop) {
  Lane& lane = *lanes_[lane_index];
  if (lane.sender.idle()) {
    lane.queue.wait(until, stop);
  } else {
    lane.queue.sleep(until, stop);
  }
}

void Transmission::finished(Lane& lane, std::unique_ptr<EncodedBlock> block) {
  {
    const std::lock_guard lock(mutex_);
    ++changes_;
    auto& all = slot(block->urgency).under_way;
    const auto from = std::ranges::find(all, block->pass, &UnderWay::number);
    SLUICE_ASSERT(from != all.end());
    --from->blocks_outstanding;
    from->pass.bytes_done += block->pass_bytes;
    changed_.notify_all();
  }
  lane.queue.recycle(std::move(block));
}

TransmitStatus Transmission::status() const {
  TransmitStatus status{
      .stream = settings_.stream,
      .epoch = settings_.epoch,
      .session = beacon_.info().session,
      .open = {},
      .configured_bits_per_second = settings_.rate_bits_per_second * lanes_.size()};
  for (const auto& lane : lanes_) {
    status.queued_blocks += lane->queue.depth();
    if (lane->given_up) {
      status.given_up.push_back(lane->id);
    }
    status.bits_per_second += lane->bits_per_second.load(std::memory_order_relaxed);
  }
  const std::lock_guard lock(mutex_);
  for (const auto& one : slots_) {
    status.under_way += one->under_way.size();
    if (!one->under_way.empty()) {
      status.open.push_back(one->under_way.front().pass);
    }
  }
  status.passes_sent = passes_sent_;
  status.uncompressed_blocks = uncompressed_blocks_;
  return status;
}

}  // namespace sluice::low
