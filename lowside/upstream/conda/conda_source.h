// A conda channel as an upstream.
#pragma once

#include "common/observe/counters.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/upstream/conda/settings.h"

namespace sluice::low {

// `counters` must outlive it. No solver is run: what is wanted is told by patterns. A subdir is
// shipped whole, as far as its files are wanted, or nothing new of it; what the channel no longer
// lists stays as it was shipped.
class CondaSource final : public Upstream {
 public:
  // Settings that check_settings() takes.
  CondaSource(CondaSettings settings, observe::Counters& counters);

  const std::string& name() const override { return settings_.name; }
  std::chrono::seconds interval() const override { return settings_.interval; }
  // Errors: the disk is full, no subdir could be asked for, the program stops. What concerns one
  // subdir or file is a problem of the proposal.
  Result<Proposal> poll(PollContext& context) override;

 private:
  CondaSettings settings_;
  observe::Counters& counters_;
};

}  // namespace sluice::low
