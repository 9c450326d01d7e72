#include "lowside/transmit/transmitter.h"

#include <sys/prctl.h>
#include <time.h>

#include <random>

namespace sluice::low {
namespace {

// Shorter waits than this are slept through in one system call; longer ones can be interrupted.
constexpr std::chrono::milliseconds kUninterrupted{2};
// The kernel may round a sleep up by 50 µs, which is a whole run at 10 Gb/s.
constexpr unsigned long kTimerSlackNanos = 1000;

SessionId random_session() {
  std::random_device device;
  return SessionId(std::uint64_t{device()} << 32 | device());
}

wire::SessionInfo session_info(const TransmitSettings& settings, const Clock& clock) {
  return {.stream = settings.stream,
          .epoch = settings.epoch,
          .session = random_session(),
          .started = clock.utc_now()};
}

void sleep_for(std::chrono::nanoseconds duration) {
  const timespec time{.tv_sec = 0, .tv_nsec = static_cast<long>(duration.count())};
  nanosleep(&time, nullptr);
}

}  // namespace

struct Transmitter::Lane {
  Lane(const TransmitSettings& settings, const TransmitParts& parts, Beacon& beacon, LaneId lane)
      : sink(*parts.lanes[lane.value()]),
        sender(settings, lane, beacon, sink, parts.clock, parts.counters, parts.events),
        id(lane) {}

  link::DatagramSink& sink;
  BlockQueue queue;
  LaneSender sender;
  LaneId id;
  std::uint64_t next_number = 0;  // the builder's
  // The lane thread's measure of its own rate.
  SteadyTime measured;
  std::uint64_t measured_bytes = 0;
  std::atomic<std::uint64_t> bits_per_second{0};
  std::jthread thread;  // last: joined before the rest goes

  void measure_rate(SteadyTime now, std::chrono::nanoseconds period);
};

void Transmitter::Lane::measure_rate(SteadyTime now, std::chrono::nanoseconds period) {
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

Result<std::unique_ptr<Transmitter>> Transmitter::start(TransmitSettings settings,
                                                        TransmitParts parts) {
  SLUICE_TRY_VOID(settings.validate());
  if (parts.receivers.empty()) {
    return Error{ErrorCode::kInvalid, "link of stream " + settings.stream, "it has no receiver",
                 "give the public key of at least one high side"};
  }
  SLUICE_ASSERT(!parts.lanes.empty() && parts.lanes.size() <= limits::kMaxLanes);
  return std::unique_ptr<Transmitter>(new Transmitter(std::move(settings), std::move(parts)));
}

Transmitter::Transmitter(TransmitSettings settings, TransmitParts parts)
    : settings_(std::move(settings)),
      parts_(std::move(parts)),
      beacon_(session_info(settings_, parts_.clock), crypto::SessionKey::generate(),
              parts_.receivers, parts_.key, parts_.outbox, parts_.lanes.size()),
      builder_(settings_, beacon_.info().session, parts_.blobs, parts_.key, parts_.counters,
               parts_.events) {
  for (std::size_t i = 0; i < parts_.lanes.size(); ++i) {
    lanes_.push_back(
        std::make_unique<Lane>(settings_, parts_, beacon_, LaneId(static_cast<std::uint8_t>(i))));
  }
  parts_.events.emit(observe::Level::kNotice, "link.session_started",
                     {{"stream", settings_.stream},
                      {"epoch", std::to_string(settings_.epoch.value())},
                      {"session", std::to_string(beacon_.info().session.value())},
                      {"lanes", std::to_string(lanes_.size())}});
  for (auto& lane : lanes_) {
    lane->thread =
        std::jthread([this, &lane = *lane](const std::stop_token& stop) { send(lane, stop); });
  }
  build_thread_ = std::jthread([this](const std::stop_token& stop) { build(stop); });
}

Transmitter::~Transmitter() {
  build_thread_.request_stop();
  for (auto& lane : lanes_) {
    lane->thread.request_stop();
  }
}

void Transmitter::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void Transmitter::build(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto due = parts_.outbox.next_due(parts_.clock.utc_now());
    if (!due) {
      parts_.events.failure(observe::Level::kError, "transmit.outbox_failed", due.error());
    }
    if (auto pass = due ? std::move(*due) : std::nullopt; pass) {
      send_pass(std::move(*pass), stop);
    } else {
      wait_for_work(stop);
    }
  }
}

void Transmitter::wait_for_work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, settings_.poll, [this] { return woken_; });
  woken_ = false;
}

void Transmitter::send_pass(OutgoingPass pass, const std::stop_token& stop) {
  const ShipmentSequence sequence = pass.sequence;
  const std::uint32_t number = pass.pass;
  builder_.begin(std::move(pass));
  {
    const std::lock_guard lock(mutex_);
    current_ = {.sequence = sequence,
                .pass = number,
                .bytes_done = 0,
                .bytes_total = builder_.total_bytes()};
  }
  for (std::size_t lane = 0; !builder_.done(); lane = (lane + 1) % lanes_.size()) {
    if (!hand_over(lane, stop)) {
      return;
    }
  }
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [this] { return blocks_outstanding_ == 0; })) {
    return;
  }
  lock.unlock();
  if (!mark_sent(sequence, number)) {
    wait_for_work(stop);  // it is still due: not at once, for the disk's sake
  }
}

bool Transmitter::hand_over(std::size_t lane_index, const std::stop_token& stop) {
  Lane& lane = *lanes_[lane_index];
  auto block = lane.queue.spare();
  if (block == nullptr) {
    block = std::make_unique<EncodedBlock>(settings_);
  }
  builder_.build(lane.id, BlockNumber(lane.next_number), *block);
  ++lane.next_number;
  {
    const std::lock_guard lock(mutex_);
    ++blocks_outstanding_;
  }
  return lane.queue.push(std::move(block), stop);
}

bool Transmitter::mark_sent(ShipmentSequence sequence, std::uint32_t pass) {
  const std::string shipment = observe::shipment_id(settings_.stream, sequence);
  const auto marked = parts_.outbox.mark_sent(sequence, pass, parts_.clock.utc_now());
  if (marked) {
    parts_.events.emit(observe::Level::kInfo, "shipment.sent",
                       {{"shipment", shipment}, {"pass", std::to_string(pass)}});
  } else {
    parts_.events.failure(observe::Level::kError, "transmit.mark_failed", marked.error(),
                          {{"shipment", shipment}});
  }
  parts_.counters.add(observe::Metric::kSentPasses);
  parts_.counters.set(observe::Metric::kSentShipments, parts_.outbox.highest_sent().value());
  const std::lock_guard lock(mutex_);
  current_.reset();
  ++passes_sent_;
  return marked.has_value();
}

void Transmitter::send(Lane& lane, const std::stop_token& stop) {
  prctl(PR_SET_TIMERSLACK, kTimerSlackNanos, 0, 0, 0);
  while (!stop.stop_requested()) {
    while (lane.sender.wants_block()) {
      auto block = lane.queue.try_pop();
      if (block == nullptr) {
        break;
      }
      lane.sender.take(std::move(block));
    }
    const SteadyTime next = lane.sender.step(parts_.clock.steady_now());
    while (auto block = lane.sender.take_finished()) {
      finished(lane, std::move(block));
    }
    const SteadyTime now = parts_.clock.steady_now();
    lane.measure_rate(now, settings_.cadence);
    if (lane.sender.idle()) {
      lane.queue.wait(next, stop);
    } else if (next - now > kUninterrupted) {
      lane.queue.sleep(next, stop);
    } else if (next > now) {
      sleep_for(next - now);
    }
  }
}

void Transmitter::finished(Lane& lane, std::unique_ptr<EncodedBlock> block) {
  {
    const std::lock_guard lock(mutex_);
    --blocks_outstanding_;
    if (current_) {
      current_->bytes_done += block->pass_bytes;
    }
    changed_.notify_all();
  }
  lane.queue.recycle(std::move(block));
}

TransmitStatus Transmitter::status() const {
  TransmitStatus status{
      .stream = settings_.stream,
      .epoch = settings_.epoch,
      .session = beacon_.info().session,
      .current = {},
      .configured_bits_per_second = settings_.rate_bits_per_second * lanes_.size()};
  for (const auto& lane : lanes_) {
    status.queued_blocks += lane->queue.depth();
    status.bits_per_second += lane->bits_per_second.load(std::memory_order_relaxed);
  }
  const std::lock_guard lock(mutex_);
  status.current = current_;
  status.passes_sent = passes_sent_;
  return status;
}

}  // namespace sluice::low
