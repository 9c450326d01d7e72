// An npm registry as an upstream.
#pragma once

#include "common/observe/counters.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/upstream/npm/settings.h"

namespace sluice::low {

// `counters` must outlive it. A poll reads the settings' files anew, so that a want-list can be
// edited while it runs.
class NpmSource final : public Upstream {
 public:
  NpmSource(NpmSettings settings, observe::Counters& counters);

  const std::string& name() const override { return settings_.name; }
  std::chrono::seconds interval() const override { return settings_.interval; }
  Result<Proposal> poll(PollContext& context) override;

 private:
  NpmSettings settings_;
  observe::Counters& counters_;
};

}  // namespace sluice::low
