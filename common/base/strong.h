// Numbers and paths that cannot be mistaken for one another.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <utility>

namespace sluice {

template <class Tag, class Value = std::uint64_t>
class Strong {
 public:
  constexpr Strong() = default;
  constexpr explicit Strong(Value value) : value_(std::move(value)) {}
  constexpr const Value& value() const { return value_; }
  constexpr Strong next() const { return Strong(value_ + 1); }
  auto operator<=>(const Strong&) const = default;

 private:
  Value value_{};
};

using SessionId = Strong<struct SessionIdTag>;          // random, names one run of a sender
using Epoch = Strong<struct EpochTag>;                  // grows with every session of a sender
using BlockNumber = Strong<struct BlockNumberTag>;      // counts from 0 within a lane of a session
using LaneId = Strong<struct LaneIdTag, std::uint8_t>;  // 0 … limits::kMaxLanes - 1
using ShipmentSequence = Strong<struct ShipmentSequenceTag>;  // counts from 1 within a stream
using Edition = Strong<struct EditionTag>;  // the catalog's version; 0 is the empty catalog

// A file that is still being written or checked. Nothing that serves or ships takes one.
using StagingPath = Strong<struct StagingPathTag, std::filesystem::path>;

}  // namespace sluice

template <class Tag>
struct std::hash<sluice::Strong<Tag, std::uint64_t>> {
  std::size_t operator()(const sluice::Strong<Tag, std::uint64_t>& id) const noexcept {
    return std::hash<std::uint64_t>()(id.value());
  }
};
