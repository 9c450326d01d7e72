#include "tests/support/lossy_link.h"

#include <algorithm>
#include <cstring>

namespace sluice::test {

LossyLink::LossyLink(std::uint64_t seed, LinkFaults faults) : random_(seed), faults_(faults) {}

void LossyLink::set_faults(const LinkFaults& faults) {
  const std::lock_guard lock(mutex_);
  faults_ = faults;
}

void LossyLink::drop_if(std::function<bool(ByteView)> drop) {
  const std::lock_guard lock(mutex_);
  drop_ = std::move(drop);
}

void LossyLink::fail_sends(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(error);
}

std::vector<Bytes> LossyLink::recorded() const {
  const std::lock_guard lock(mutex_);
  return recorded_;
}

void LossyLink::inject(ByteView datagram) {
  const std::lock_guard lock(mutex_);
  under_way_.emplace_back(datagram.begin(), datagram.end());
  changed_.notify_all();
}

void LossyLink::flush() {
  const std::lock_guard lock(mutex_);
  for (Held& held : held_) {
    under_way_.push_back(std::move(held.datagram));
  }
  held_.clear();
  changed_.notify_all();
}

LossyLink::Account LossyLink::account() const {
  const std::lock_guard lock(mutex_);
  return account_;
}

bool LossyLink::happens(double probability) {
  return std::uniform_real_distribution<>(0, 1)(random_) < probability;
}

void LossyLink::pass(ByteView datagram) {
  ++account_.sent;
  if (recording_) {
    recorded_.emplace_back(datagram.begin(), datagram.end());
  }
  // Every coin is thrown for every datagram, so that one fault does not shift the others.
  if (faults_.burst > 0 && happens(faults_.burst)) {
    outage_until_ = account_.sent + random_() % faults_.burst_span;
  }
  const bool lost = happens(faults_.loss) || account_.sent <= outage_until_;
  const bool twice = happens(faults_.duplicate);
  const bool late = happens(faults_.reorder);
  Bytes copy(datagram.begin(), datagram.end());
  spoil(copy);
  if (drop_ && drop_(datagram)) {
    ++account_.dropped;
  } else if (lost) {
    ++account_.lost;
  } else {
    if (twice) {
      ++account_.duplicated;
      under_way_.push_back(copy);
    }
    if (late) {
      ++account_.reordered;
      held_.push_back({.until = account_.sent + 1 + random_() % faults_.reorder_span,
                       .datagram = std::move(copy)});
    } else {
      under_way_.push_back(std::move(copy));
    }
  }
  release_held();
}

void LossyLink::spoil(Bytes& datagram) {
  if (happens(faults_.corrupt) && !datagram.empty()) {
    ++account_.corrupted;
    datagram[random_() % datagram.size()] ^= static_cast<std::uint8_t>(1U << random_() % 8);
  }
  if (happens(faults_.truncate) && !datagram.empty()) {
    ++account_.truncated;
    datagram.resize(random_() % datagram.size());
  }
}

void LossyLink::release_held() {
  for (auto held = held_.begin(); held != held_.end();) {
    if (held->until > account_.sent) {
      ++held;
      continue;
    }
    under_way_.push_back(std::move(held->datagram));
    held = held_.erase(held);
  }
}

Result<void> LossyLink::Sink::send(ByteView bytes, std::size_t datagram_bytes) {
  std::unique_lock lock(link_.mutex_);
  if (link_.failure_) {
    return *link_.failure_;
  }
  link_.changed_.wait(lock, [this] { return link_.under_way_.size() < kMaxUnderWay; });
  link_.sent_bytes_ += bytes.size();
  while (!bytes.empty()) {
    const ByteView datagram = bytes.first(std::min(bytes.size(), datagram_bytes));
    bytes = bytes.subspan(datagram.size());
    link_.pass(datagram);
  }
  link_.changed_.notify_all();
  return {};
}

link::DatagramSink::Stats LossyLink::Sink::stats() const {
  const std::lock_guard lock(link_.mutex_);
  return {.datagrams = link_.account_.sent, .bytes = link_.sent_bytes_, .calls = 0, .errors = 0};
}

Result<std::size_t> LossyLink::Source::receive(std::span<link::ReceiveBuffer> buffers,
                                               std::chrono::milliseconds patience) {
  std::unique_lock lock(link_.mutex_);
  if (patience.count() > 0) {
    link_.changed_.wait_for(lock, patience, [this] { return !link_.under_way_.empty(); });
  }
  std::size_t count = 0;
  for (; count < buffers.size() && !link_.under_way_.empty(); ++count) {
    link_.fill(buffers[count]);
  }
  link_.changed_.notify_all();
  return count;
}

void LossyLink::fill(link::ReceiveBuffer& buffer) {
  buffer.bytes = 0;
  buffer.segment_bytes = under_way_.front().size();
  while (!under_way_.empty()) {
    const Bytes& next = under_way_.front();
    if (next.size() > buffer.segment_bytes || buffer.bytes + next.size() > kMessageBytes ||
        (next.empty() && buffer.bytes > 0)) {
      return;
    }
    std::ranges::copy(next, buffer.memory.begin() + static_cast<std::ptrdiff_t>(buffer.bytes));
    buffer.bytes += next.size();
    const bool last = next.size() < buffer.segment_bytes || next.empty();
    under_way_.pop_front();
    if (last) {
      return;
    }
  }
}

}  // namespace sluice::test
