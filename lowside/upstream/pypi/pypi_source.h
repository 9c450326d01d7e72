// An index of Python packages as an upstream.
#pragma once

#include "common/observe/counters.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/upstream/pypi/settings.h"

namespace sluice::low {

// `counters` must outlive it. A poll reads the settings' files anew, so that a want-list can be
// edited while it runs.
class PypiSource final : public Upstream {
 public:
  PypiSource(PypiSettings settings, observe::Counters& counters);

  const std::string& name() const override { return settings_.name; }
  std::chrono::seconds interval() const override { return settings_.interval; }
  Result<Proposal> poll(PollContext& context) override;

 private:
  PypiSettings settings_;
  observe::Counters& counters_;
};

}  // namespace sluice::low
