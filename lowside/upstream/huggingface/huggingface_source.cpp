#include "lowside/upstream/huggingface/huggingface_source.h"

#include "lowside/upstream/huggingface/poll.h"

namespace sluice::low {

HuggingFaceSource::HuggingFaceSource(HuggingFaceSettings settings, observe::Counters& counters)
    : settings_(std::move(settings)),
      selection_(settings_.include, settings_.exclude),
      counters_(counters) {
  if (!settings_.hub.ends_with('/')) {
    settings_.hub += '/';
  }
}

Result<Proposal> HuggingFaceSource::poll(PollContext& context) {
  return HuggingFacePoll(settings_, selection_, counters_, context).run();
}

}  // namespace sluice::low
