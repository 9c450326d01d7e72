#include "tests/support/sim_file.h"

#include <algorithm>

namespace sluice::test {
namespace {

std::uint64_t whole_sectors(std::uint64_t bytes) {
  return (bytes + kSimSectorBytes - 1) / kSimSectorBytes * kSimSectorBytes;
}

}  // namespace

void SimFile::add_name() {
  ++names_;
  charge_anyway();
}

void SimFile::remove_name() {
  --names_;
  charge_anyway();
}

std::uint64_t SimFile::needed(std::uint64_t size) const {
  return whole_sectors(size) - holes_.size() * kSimSectorBytes;
}

std::uint64_t SimFile::allocated() const { return needed(bytes_.size()); }

void SimFile::charge_anyway() {
  const std::uint64_t needed = names_ > 0 ? allocated() : 0;
  space_->exchange(charged_, needed);
  charged_ = needed;
}

// True if `size` bytes fit.
bool SimFile::charge(std::uint64_t size) {
  const std::uint64_t bytes = needed(size);
  if (names_ > 0 && bytes > charged_) {
    if (!space_->take(bytes - charged_)) {
      return false;
    }
    charged_ = bytes;
  }
  return true;
}

// Keeps what the disk has of the sectors that [offset, offset + count) touches.
void SimFile::remember(std::uint64_t offset, std::uint64_t count) {
  for (std::uint64_t number = offset / kSimSectorBytes; number * kSimSectorBytes < offset + count;
       ++number) {
    const auto [at, added] = unsynced_.try_emplace(number);
    at->second.dropped = false;
    const std::uint64_t begin = number * kSimSectorBytes;
    if (added) {
      at->second.hole = holes_.contains(number);
    }
    if (added && begin < bytes_.size()) {
      const auto end = std::min<std::uint64_t>(begin + kSimSectorBytes, bytes_.size());
      at->second.before.assign(bytes_.begin() + static_cast<std::ptrdiff_t>(begin),
                               bytes_.begin() + static_cast<std::ptrdiff_t>(end));
    }
  }
}

bool SimFile::write(std::uint64_t offset, ByteView bytes) {
  const auto hole = holes_.lower_bound(offset / kSimSectorBytes);
  SLUICE_ASSERT(hole == holes_.end() || *hole * kSimSectorBytes >= offset + bytes.size());
  bool fits = charge(std::max<std::uint64_t>(bytes_.size(), offset + bytes.size()));
  if (!fits) {
    const std::uint64_t room = charged_ + holes_.size() * kSimSectorBytes +
                               space_->free() / kSimSectorBytes * kSimSectorBytes;
    bytes = bytes.first(std::min<std::uint64_t>(bytes.size(), room - std::min(room, offset)));
    if (bytes.empty() || !charge(offset + bytes.size())) {
      return false;
    }
  }
  remember(offset, bytes.size());
  bytes_.resize(std::max<std::uint64_t>(bytes_.size(), offset + bytes.size()));
  std::ranges::copy(bytes, bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
  return fits;
}

void SimFile::punch(std::uint64_t offset, std::uint64_t length) {
  const std::uint64_t end = std::min<std::uint64_t>(offset + length, bytes_.size());
  if (offset >= end) {
    return;
  }
  remember(offset, end - offset);
  std::fill(bytes_.begin() + static_cast<std::ptrdiff_t>(offset),
            bytes_.begin() + static_cast<std::ptrdiff_t>(end), std::uint8_t{0});
  const std::uint64_t after = end == bytes_.size() ? whole_sectors(end) : end;
  for (std::uint64_t number = whole_sectors(offset) / kSimSectorBytes;
       (number + 1) * kSimSectorBytes <= after; ++number) {
    holes_.insert(number);
  }
  charge_anyway();
}

void SimFile::sync() {
  std::erase_if(unsynced_, [](const auto& sector) { return !sector.second.dropped; });
  synced_size_ = bytes_.size();
}

void SimFile::fail_sync() {
  for (auto& [number, sector] : unsynced_) {
    sector.dropped = true;
  }
}

void SimFile::crash(Loss loss, std::mt19937_64& random) {
  const auto lost = [&] {
    return loss == Loss::kAll || (loss == Loss::kRandom && random() % 2 == 0);
  };
  for (auto& [number, sector] : unsynced_) {
    if (!lost()) {
      continue;
    }
    if (sector.hole) {
      holes_.insert(number);
    } else {
      holes_.erase(number);
    }
    const std::uint64_t begin = number * kSimSectorBytes;
    const auto end = std::min<std::uint64_t>(begin + kSimSectorBytes, bytes_.size());
    sector.before.resize(end - begin);  // zeros
    std::ranges::copy(sector.before, bytes_.begin() + static_cast<std::ptrdiff_t>(begin));
  }
  if (synced_size_ < bytes_.size() && lost()) {
    bytes_.resize(synced_size_);
    holes_.erase(holes_.lower_bound(whole_sectors(synced_size_) / kSimSectorBytes), holes_.end());
  }
  unsynced_.clear();
  synced_size_ = bytes_.size();
  charge_anyway();
}

void SimFile::rot(std::uint64_t bit) {
  SLUICE_ASSERT(!bytes_.empty());
  const std::uint64_t place = bit % (bytes_.size() * 8);
  const auto flip = [&](std::uint8_t& byte) {
    byte = static_cast<std::uint8_t>(byte ^ (1U << place % 8));
  };
  flip(bytes_[place / 8]);
  const auto sector = unsynced_.find(place / 8 / kSimSectorBytes);
  if (sector != unsynced_.end() && place / 8 % kSimSectorBytes < sector->second.before.size()) {
    flip(sector->second.before[place / 8 % kSimSectorBytes]);
  }
}

}  // namespace sluice::test
