#include "highside/receive/receiver.h"

#include <algorithm>

namespace sluice::high {
namespace {

using observe::Metric;

// Slots worked on before the next ring has its turn and these are free again.
constexpr std::size_t kSlotsAtOnce = 32;
constexpr std::chrono::milliseconds kStatusAge{200};

}  // namespace

struct Receiver::Lane {
  Lane(std::unique_ptr<link::DatagramSource> from, std::size_t ring_bytes)
      : source(std::move(from)), ring(ring_bytes, source->buffer_bytes()) {}

  std::unique_ptr<link::DatagramSource> source;
  DatagramRing ring;
  std::uint64_t truncated = 0;  // counted so far; the worker's
  bool failing = false;         // the take thread's
  std::jthread thread;
};

Receiver::Receiver(const ReceiveSettings& settings,
                   std::vector<std::unique_ptr<link::DatagramSource>> sources,
                   const ReceiveParts& parts)
    : settings_(settings), parts_(parts), reader_(settings_, parts_) {
  SLUICE_ASSERT(!sources.empty());
  for (auto& source : sources) {
    lanes_.push_back(std::make_unique<Lane>(std::move(source), settings_.ring_bytes));
  }
  publish_status(parts_.clock.steady_now());
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i]->thread = std::jthread([this, i](const std::stop_token& stop) {
      run_on(settings_.processors, i);
      take(*lanes_[i], stop);
    });
  }
  worker_ = std::jthread([this](const std::stop_token& stop) {
    run_on(settings_.processors, lanes_.size());
    work(stop);
  });
}

Receiver::~Receiver() {
  worker_.request_stop();
  for (auto& lane : lanes_) {
    lane->thread.request_stop();
  }
  arrived_.ring();
  released_.ring();
}

void Receiver::take(Lane& lane, const std::stop_token& stop) {
  observe::StageTimer timer(parts_.counters);
  while (!stop.stop_requested()) {
    const int seen = released_.count();
    const auto room = lane.ring.room();
    if (room.empty()) {
      parts_.counters.add(Metric::kRingFull);
      if (!stop.stop_requested()) {
        released_.wait(seen);
      }
      continue;
    }
    const auto taken = lane.source->receive(room, kPatience);
    if (taken.has_error() != lane.failing) {
      lane.failing = taken.has_error();
      if (lane.failing) {
        parts_.events.failure(observe::Level::kError, "link.receive_failed", taken.error());
      }
    }
    if (!taken) {
      std::this_thread::sleep_for(kPatience);  // an interface that is gone may come back
    } else if (*taken > 0) {
      lane.ring.publish(*taken);
    }
    timer.lap(Metric::kReceiveTakeNanos);
    arrived_.ring();  // also when nothing came: the worker's tick
  }
}

void Receiver::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const int seen = arrived_.count();
    reader_.tick();
    bool worked = false;
    for (auto& lane : lanes_) {
      worked = work_on(*lane) || worked;
    }
    const SteadyTime now = parts_.clock.steady_now();
    if (now - status_at_ >= kStatusAge) {
      publish_status(now);
    }
    if (!worked && !stop.stop_requested()) {
      arrived_.wait(seen);
    }
  }
}

bool Receiver::work_on(Lane& lane) {
  const auto slots = lane.ring.filled(kSlotsAtOnce);
  if (slots.empty()) {
    return false;
  }
  std::uint64_t datagrams = 0;
  std::uint64_t bytes = 0;
  for (const link::ReceiveBuffer& slot : slots) {
    MutableByteView rest = slot.memory.first(slot.bytes);
    do {
      const std::size_t length = std::min(rest.size(), slot.segment_bytes);
      reader_.take(rest.first(length));
      rest = rest.subspan(length);
      ++datagrams;
    } while (!rest.empty());
    bytes += slot.bytes;
  }
  reader_.end_batch();
  parts_.counters.add(Metric::kReceivedDatagrams, datagrams);
  parts_.counters.add(Metric::kReceivedBytes, bytes);
  lane.ring.release(slots.size());
  released_.ring();
  return true;
}

void Receiver::publish_status(SteadyTime now) {
  LinkStatus status = reader_.status();
  std::uint64_t drops = 0;
  for (auto& lane : lanes_) {
    const auto stats = lane->source->stats();
    status.sources.push_back(
        {.ring_slots = lane->ring.slots(), .ring_used = lane->ring.used(), .taken = stats});
    drops += stats.kernel_drops;
    parts_.counters.add(Metric::kRejectTruncated, stats.truncated - lane->truncated);
    lane->truncated = stats.truncated;
  }
  parts_.counters.set(Metric::kKernelDrops, drops);
  status_at_ = now;
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
}

LinkStatus Receiver::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace sluice::high
