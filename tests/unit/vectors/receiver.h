// A receiver with the vectors' keys: what a datagram counts as.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "highside/receive/link_reader.h"
#include "tests/support/events.h"
#include "tests/support/link_rig.h"
#include "tests/support/manual_clock.h"
#include "tests/unit/common/wire/fixed_keys.h"

namespace sluice::test {

class Receiver {
 public:
  Receiver()
      : streams_{{"lab-low", wire::fixed_signing_key().verify_key()}},
        reader_(settings_, {streams_, key_, epochs_, received, clock_, counters_, events_}) {}

  // The link's counters that went up, as "name label", sorted. One that rose twice stands twice.
  std::vector<std::string> take(Bytes datagram) {
    clock_.advance(std::chrono::seconds(1));  // so that no flood of announces is seen
    const auto before = values();
    datagrams_.push_back(std::move(datagram));
    reader_.take(datagrams_.back());
    reader_.end_batch();
    const auto after = values();
    std::vector<std::string> risen;
    for (std::size_t i = 0; i < after.size(); ++i) {
      risen.insert(risen.end(), after[i] - before[i], name(observe::kMetrics[i]));
    }
    std::ranges::sort(risen);
    return risen;
  }

  RecordedBlocks received;

 private:
  static std::string name(const observe::MetricInfo& info) {
    std::string label(info.labels);
    const std::size_t from = std::min(label.find('"'), label.size());
    label = from == label.size() ? "" : " " + label.substr(from + 1, label.rfind('"') - from - 1);
    return std::string(info.name) + label;
  }
  std::vector<std::uint64_t> values() const {
    std::vector<std::uint64_t> all;
    for (const observe::MetricInfo& info : observe::kMetrics) {
      // What a session or a clock is to this side is no verdict on a datagram.
      const bool of_link = info.name.starts_with("sluice_link_") &&
                           info.name != "sluice_link_sessions_total" &&
                           info.name != "sluice_link_sender_clock_steps_total";
      const bool counts = info.kind == observe::MetricKind::kCounter;
      all.push_back(of_link && counts ? counters_.get(info.metric) : 0);
    }
    return all;
  }

  high::ReceiveSettings settings_;
  std::vector<high::TrustedStream> streams_;
  crypto::OpeningKey key_ = wire::fixed_opening_key();
  MemoryEpochs epochs_;
  ManualClock clock_;
  observe::Counters counters_;
  RecordedEvents events_;
  std::vector<Bytes> datagrams_;
  high::LinkReader reader_;
};

}  // namespace sluice::test
