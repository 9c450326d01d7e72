#include "lowside/upstream/pypi/wheel_memory.h"

#include <fstream>
#include <string>

namespace sluice::low {

WheelMemory::WheelMemory(std::filesystem::path file) : file_(std::move(file)) {
  std::ifstream text(file_);
  std::string wheel;
  std::string metadata;
  while (wheels_.size() < kMaxWheels && text >> wheel >> metadata) {
    const auto name = Sha256Digest::from_hex(wheel);
    const auto value = Sha256Digest::from_hex(metadata);
    if (name && value) {
      wheels_.emplace(*name, *value);
    }
  }
}

std::optional<Sha256Digest> WheelMemory::metadata_of(const Sha256Digest& wheel) {
  const auto found = wheels_.find(wheel);
  if (found == wheels_.end()) {
    return std::nullopt;
  }
  used_.insert(wheel);
  return found->second;
}

void WheelMemory::remember(const Sha256Digest& wheel, const Sha256Digest& metadata) {
  wheels_.insert_or_assign(wheel, metadata);
  used_.insert(wheel);
}

void WheelMemory::save() {
  if (wheels_.size() > kMaxWheels) {
    std::erase_if(wheels_, [this](const auto& entry) { return !used_.contains(entry.first); });
  }
  std::ofstream text(file_, std::ios::trunc);
  for (const auto& [wheel, metadata] : wheels_) {
    text << wheel.hex() << ' ' << metadata.hex() << '\n';
  }
}

}  // namespace sluice::low
