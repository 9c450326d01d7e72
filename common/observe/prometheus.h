// Counters in the text format of Prometheus.
#pragma once

#include <string>

#include "common/observe/counters.h"

namespace sluice::observe {

inline constexpr std::string_view kPrometheusMediaType = "text/plain; version=0.0.4; charset=utf-8";

// One HELP and one TYPE for each name, all its labels below.
std::string to_prometheus(const Counters& counters);

}  // namespace sluice::observe
