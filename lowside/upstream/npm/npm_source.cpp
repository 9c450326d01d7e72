#include "lowside/upstream/npm/npm_source.h"

#include "lowside/upstream/npm/poll.h"

namespace sluice::low {

NpmSource::NpmSource(NpmSettings settings, observe::Counters& counters)
    : settings_(std::move(settings)), counters_(counters) {
  if (!settings_.registry.ends_with('/')) {
    settings_.registry += '/';
  }
}

Result<Proposal> NpmSource::poll(PollContext& context) {
  return NpmPoll(settings_, counters_, context).run();
}

}  // namespace sluice::low
