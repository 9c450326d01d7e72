#include "lowside/upstream/conda/conda_source.h"

#include <algorithm>

#include "lowside/upstream/conda/poll.h"

namespace sluice::low {

CondaSource::CondaSource(CondaSettings settings, observe::Counters& counters)
    : settings_(std::move(settings)), counters_(counters) {
  if (!settings_.channel.ends_with('/')) {
    settings_.channel += '/';
  }
  std::ranges::sort(settings_.subdirs);
  const auto twice = std::ranges::unique(settings_.subdirs);
  settings_.subdirs.erase(twice.begin(), twice.end());
}

Result<Proposal> CondaSource::poll(PollContext& context) {
  return CondaPoll(settings_, counters_, context).run();
}

}  // namespace sluice::low
