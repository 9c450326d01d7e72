#include "common/observe/prometheus.h"

#include <prometheus/text_serializer.h>

#include <sstream>

#include "common/base/error.h"

namespace sluice::observe {
namespace {

std::vector<prometheus::ClientMetric::Label> labels_of(const MetricInfo& info) {
  const std::size_t equals = info.labels.find('=');
  if (equals == std::string_view::npos) {
    return {};
  }
  const std::string_view value = info.labels.substr(equals + 1);
  SLUICE_ASSERT(value.size() >= 2 && value.front() == '"' && value.back() == '"');
  return {
      {std::string(info.labels.substr(0, equals)), std::string(value.substr(1, value.size() - 2))}};
}

// That name's family; counters.def may give a name to metrics of several sections.
prometheus::MetricFamily& family_of(const MetricInfo& info,
                                    std::vector<prometheus::MetricFamily>& families) {
  for (prometheus::MetricFamily& family : families) {
    if (family.name == info.name) {
      return family;
    }
  }
  return families.emplace_back(prometheus::MetricFamily{std::string(info.name),
                                                        std::string(info.help),
                                                        info.kind == MetricKind::kGauge
                                                            ? prometheus::MetricType::Gauge
                                                            : prometheus::MetricType::Counter,
                                                        {}});
}

}  // namespace

std::string to_prometheus(const Counters& counters) {
  std::vector<prometheus::MetricFamily> families;
  for (const MetricInfo& info : kMetrics) {
    prometheus::MetricFamily& family = family_of(info, families);
    prometheus::ClientMetric metric;
    metric.label = labels_of(info);
    const auto value = static_cast<double>(counters.get(info.metric));
    (info.kind == MetricKind::kGauge ? metric.gauge.value : metric.counter.value) = value;
    family.metric.push_back(std::move(metric));
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace sluice::observe
