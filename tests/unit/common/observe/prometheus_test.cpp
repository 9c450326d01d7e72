#include "common/observe/prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace sluice::observe {
namespace {

using testing::HasSubstr;

TEST(Prometheus, ShowsValuesWithTheirLabels) {
  Counters counters;
  counters.add(Metric::kRejectBadTag, 3);
  counters.set(Metric::kCurrentEdition, 12);
  const std::string text = to_prometheus(counters);
  EXPECT_THAT(text, HasSubstr("# HELP sluice_link_rejected_total Datagrams that were not used\n"
                              "# TYPE sluice_link_rejected_total counter\n"));
  EXPECT_THAT(text, HasSubstr("\nsluice_link_rejected_total{reason=\"bad-tag\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE sluice_catalog_edition gauge\nsluice_catalog_edition 12\n"));
}

// What a Prometheus server demands of the whole page.
TEST(Prometheus, HasOneFamilyForAName) {
  std::set<std::string> types;
  std::set<std::string> samples;
  std::istringstream lines(to_prometheus(Counters()));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(types.insert(line).second) << line;
    } else if (!line.starts_with("#")) {
      EXPECT_TRUE(samples.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
  }
  EXPECT_EQ(samples.size(), kMetrics.size());
}

TEST(Metrics, FollowTheNamingRules) {
  for (const MetricInfo& info : kMetrics) {
    EXPECT_TRUE(info.name.starts_with("sluice_")) << info.name;
    EXPECT_EQ(info.kind == MetricKind::kCounter, info.name.ends_with("_total")) << info.name;
    EXPECT_FALSE(info.help.empty()) << info.name;
  }
}

}  // namespace
}  // namespace sluice::observe
