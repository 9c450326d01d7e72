#include "lowside/upstream/pypi/pypi_source.h"

#include "lowside/upstream/pypi/poll.h"

namespace sluice::low {

PypiSource::PypiSource(PypiSettings settings, observe::Counters& counters)
    : settings_(std::move(settings)), counters_(counters) {
  if (!settings_.index.ends_with('/')) {
    settings_.index += '/';
  }
}

Result<Proposal> PypiSource::poll(PollContext& context) {
  return PypiPoll(settings_, counters_, context).run();
}

}  // namespace sluice::low
