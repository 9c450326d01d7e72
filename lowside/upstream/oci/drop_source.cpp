#include "lowside/upstream/oci/drop_source.h"

#include <iterator>

#include "common/ecosystem/oci/names.h"
#include "lowside/upstream/oci/poll.h"

namespace sluice::low {

OciDropSource::OciDropSource(OciSettings settings, FileSystem& files, observe::Counters& counters,
                             const Clock& clock)
    : settings_(std::move(settings)),
      sif_(settings_.sif, counters),
      counters_(counters),
      clock_(clock),
      images_(
          {.folder = settings_.drop_folder, .name = settings_.serve_as, .settle = settings_.settle},
          files, clock, counters) {}

Result<Proposal> OciDropSource::poll(PollContext& context) {
  std::vector<Error> problems;
  SLUICE_TRY_VOID(images_.look(context, problems));
  OciSettings wanted = settings_;
  for (const ImageName& name : images_.names()) {
    if (!oci::subject_of_legacy_tag(name.tag)) {  // what is signed brings its signature along
      wanted.images.push_back(oci::Document{settings_.serve_as, name.repository}.name() + ":" +
                              name.tag);
    }
  }
  SLUICE_TRY(Proposal proposal, OciPoll(wanted, images_, sif_, counters_, clock_, context).run());
  proposal.problems.insert(proposal.problems.begin(), std::make_move_iterator(problems.begin()),
                           std::make_move_iterator(problems.end()));
  return proposal;
}

}  // namespace sluice::low
