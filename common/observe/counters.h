// Counters and gauges of both daemons: one list makes the enum, the names that /metrics shows and
// their help, so that they cannot drift.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace sluice::observe {

enum class Metric : std::uint16_t {
#define SLUICE_METRIC(id, kind, name, labels, help) id,
#include "common/observe/counters.def"
#undef SLUICE_METRIC
  kCount
};

enum class MetricKind { kCounter, kGauge };

struct MetricInfo {
  Metric metric;
  MetricKind kind;
  std::string_view name;    // Prometheus: "sluice_…_total", units in the name
  std::string_view labels;  // such as `reason="bad-tag"`; one label at the most
  std::string_view help;
};

inline constexpr std::array kMetrics{
#define SLUICE_METRIC(id, kind, name, labels, help) \
  MetricInfo{Metric::id, MetricKind::kind, name, labels, help},
#include "common/observe/counters.def"
#undef SLUICE_METRIC
};
static_assert(kMetrics.size() == static_cast<std::size_t>(Metric::kCount));

// Callable from any thread; relaxed atomics, no lock, no allocation.
class Counters {
 public:
  void add(Metric metric, std::uint64_t amount = 1) {
    at(metric).fetch_add(amount, std::memory_order_relaxed);
  }
  void set(Metric metric, std::uint64_t value) {
    at(metric).store(value, std::memory_order_relaxed);
  }
  std::uint64_t get(Metric metric) const {
    return values_[static_cast<std::size_t>(metric)].load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t>& at(Metric metric) {
    return values_[static_cast<std::size_t>(metric)];
  }

  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Metric::kCount)> values_{};
};

}  // namespace sluice::observe
