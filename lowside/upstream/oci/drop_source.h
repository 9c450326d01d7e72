// Images that an operator lays down as archives, as an upstream.
#pragma once

#include "lowside/pipeline/upstream.h"
#include "lowside/upstream/oci/drop_images.h"
#include "lowside/upstream/oci/settings.h"

namespace sluice::low {

// Every image that an archive names is wanted. What was shipped stays when its archive goes from
// the folder, but cannot be shipped anew once the spool has let it go; see
// docs/operating/images.md. What it refers to outlives it.
class OciDropSource final : public Upstream {
 public:
  // Settings that check_settings() takes, with a drop folder. `context.work` of its polls must lie
  // on the spool's file system.
  OciDropSource(OciSettings settings, FileSystem& files, observe::Counters& counters,
                const Clock& clock);

  const std::string& name() const override { return settings_.name; }
  std::chrono::seconds interval() const override { return settings_.interval; }
  // Errors: the folder cannot be read, the disk is full, the program stops. What concerns one
  // archive or image is a problem of the proposal.
  Result<Proposal> poll(PollContext& context) override;

 private:
  OciSettings settings_;
  SifCheck sif_;
  observe::Counters& counters_;
  const Clock& clock_;
  OciDropImages images_;
};

}  // namespace sluice::low
