// An OCI registry as an upstream.
#pragma once

#include "common/base/clock.h"
#include "common/observe/counters.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/upstream/oci/registry.h"
#include "lowside/upstream/oci/settings.h"

namespace sluice::low {

// `counters` and `clock` must outlive it. An image is shipped whole, as far as its platforms are
// wanted, or not at all; a tag that goes away upstream stays as it was shipped.
class OciSource final : public Upstream {
 public:
  // Settings that check_settings() takes.
  OciSource(OciSettings settings, observe::Counters& counters, const Clock& clock);

  const std::string& name() const override { return settings_.name; }
  std::chrono::seconds interval() const override { return settings_.interval; }
  // Errors: the disk is full, the registry could be asked for nothing, the program stops. What
  // concerns one image is a problem of the proposal.
  Result<Proposal> poll(PollContext& context) override;

 private:
  OciSettings settings_;
  SifCheck sif_;
  observe::Counters& counters_;
  const Clock& clock_;
  OciRegistry registry_;
};

}  // namespace sluice::low
