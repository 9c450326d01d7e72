// A Hugging Face Hub as an upstream.
#pragma once

#include "common/observe/counters.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/upstream/huggingface/selection.h"
#include "lowside/upstream/huggingface/settings.h"

namespace sluice::low {

// `counters` must outlive it. A revision is shipped whole, as far as its files are wanted, or not
// at all; a repository or branch that goes away upstream stays as it was shipped.
class HuggingFaceSource final : public Upstream {
 public:
  HuggingFaceSource(HuggingFaceSettings settings, observe::Counters& counters);

  const std::string& name() const override { return settings_.name; }
  std::chrono::seconds interval() const override { return settings_.interval; }
  // Errors: the token cannot be read, the disk is full, no repository could be asked for, the
  // program stops. What concerns one repository is a problem of the proposal.
  Result<Proposal> poll(PollContext& context) override;

 private:
  HuggingFaceSettings settings_;
  Selection selection_;
  observe::Counters& counters_;
};

}  // namespace sluice::low
