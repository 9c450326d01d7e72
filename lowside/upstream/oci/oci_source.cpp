#include "lowside/upstream/oci/oci_source.h"

#include "lowside/upstream/oci/poll.h"

namespace sluice::low {
namespace {

OciSettings without_slash(OciSettings settings) {
  if (settings.registry.ends_with('/')) {
    settings.registry.pop_back();
  }
  return settings;
}

}  // namespace

OciSource::OciSource(OciSettings settings, observe::Counters& counters, const Clock& clock)
    : settings_(without_slash(std::move(settings))),
      sif_(settings_.sif, counters),
      counters_(counters),
      clock_(clock),
      registry_(settings_, clock_) {}

Result<Proposal> OciSource::poll(PollContext& context) {
  return OciPoll(settings_, registry_, sif_, counters_, clock_, context).run();
}

}  // namespace sluice::low
