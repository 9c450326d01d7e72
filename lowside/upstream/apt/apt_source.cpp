#include "lowside/upstream/apt/apt_source.h"

#include <algorithm>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/ecosystem/apt/path.h"
#include "lowside/upstream/apt/configured_suites.h"
#include "lowside/upstream/apt/full.h"
#include "lowside/upstream/apt/subset.h"

namespace sluice::low {
namespace {

// The suites that the poll works with. What failed is a problem; in a subset what was accepted of
// it before goes on, so that the closure of the others does not change because one archive is down.
std::vector<AcceptedSuite> accept_suites(const std::vector<Suite>& suites, AptSettings::Mode mode,
                                         SuiteReader& reader, const PollContext& context,
                                         proto::StoredAptCursor& cursor, Proposal& proposal) {
  std::vector<AcceptedSuite> accepted;
  for (const auto& suite : suites) {
    auto one = reader.accept(suite, state_of(cursor, suite.document));
    if (one) {
      accepted.push_back(std::move(*one));
    } else {
      proposal.problems.push_back(std::move(one).error());
      auto before =
          mode == AptSettings::Mode::kSubset ? reader.accepted_before(suite) : std::nullopt;
      if (before) {
        accepted.push_back(std::move(*before));
      }
    }
    if (context.progress) {
      context.progress("suites", accepted.size(), suites.size());
    }
  }
  return accepted;
}

// A suite whose indices are not there as the settings ask is left out, as one that failed.
void leave_out_incomplete(std::vector<AcceptedSuite>& accepted, Proposal& proposal) {
  std::erase_if(accepted, [&](const AcceptedSuite& suite) {
    auto indices = packages_indices(suite);
    if (!indices) {
      proposal.problems.push_back(std::move(indices).error());
      return true;
    }
    return false;
  });
}

// Suites that are no longer configured go away on the high side too.
void withdraw_others(const std::vector<Suite>& suites, const std::vector<std::string>& left_out,
                     proto::StoredAptCursor& cursor, Proposal& proposal) {
  proto::StoredAptCursor kept;
  for (const auto& state : cursor.suites()) {
    if (std::ranges::count(suites, state.document(), &Suite::document) != 0 ||
        std::ranges::count(left_out, state.document()) != 0) {
      *kept.add_suites() = state;
    } else if (!state.published().empty()) {
      auto& record = proposal.records.emplace_back();
      record.set_ecosystem("apt");
      record.set_document(state.document());
      record.set_withdrawn(true);
    }
  }
  *cursor.mutable_suites() = std::move(*kept.mutable_suites());
}

}  // namespace

Result<void> check_settings(const AptSettings& settings) {
  const auto invalid = [&](std::string cause, std::string cure) {
    return Error{ErrorCode::kInvalid, "apt source " + settings.name, std::move(cause),
                 std::move(cure)};
  };
  if (!apt::is_safe_segment(settings.archive)) {
    return invalid("archive \"" + settings.archive + "\" cannot be a folder's name",
                   "use a name such as \"debian\"");
  }
  if (settings.sources.empty() && settings.suites.empty()) {
    return invalid("no suites to mirror", "name .sources or .list files in `sources`");
  }
  if (settings.mode == AptSettings::Mode::kSubset && settings.packages.empty()) {
    return invalid("a subset without packages", "list them in `packages`, or use mode \"full\"");
  }
  if (settings.mode == AptSettings::Mode::kSubset && settings.signing_home.empty()) {
    return invalid("a subset without a key", "name the site key's folder in `signing_home`");
  }
  for (const auto& extra : settings.extras) {
    if (!is_extra(extra)) {
      return invalid("unknown extra \"" + extra + "\"", "choices: translations, contents, dep11");
    }
  }
  return {};
}

AptSource::AptSource(AptSettings settings, observe::Counters& counters, const Clock& clock)
    : settings_(std::move(settings)), counters_(counters), clock_(clock) {}

Result<Proposal> AptSource::poll(PollContext& context) {
  Proposal proposal;
  proto::StoredAptCursor cursor;
  if (!cursor.ParseFromString(context.cursor)) {
    return Error{ErrorCode::kIntegrity, settings_.name, "the stored cursor does not read",
                 "remove the source's cursor: everything is then looked at again"};
  }
  SLUICE_TRY(auto configured, configured_suites(settings_, context.stop));
  std::ranges::move(configured.problems, std::back_inserter(proposal.problems));
  SuiteReader suites(context, counters_, clock_);
  IndexReader indices(context, counters_);
  auto accepted =
      accept_suites(configured.suites, settings_.mode, suites, context, cursor, proposal);
  leave_out_incomplete(accepted, proposal);
  if (context.stop.stop_requested()) {
    return Error{ErrorCode::kCancelled, settings_.name, "the program is stopping", ""};
  }
  if (accepted.empty()) {
    return proposal.problems.front();
  }
  if (settings_.mode == AptSettings::Mode::kSubset) {
    SLUICE_TRY_VOID(
        publish_subset(accepted, settings_, indices, context, counters_, clock_, cursor, proposal));
  } else {
    for (auto& suite : accepted) {
      auto& state = state_of(cursor, suite.suite.document);
      const auto published =
          publish_full(std::move(suite), settings_, suites, indices, context, state, proposal);
      if (!published) {
        proposal.problems.push_back(published.error());
      }
    }
  }
  withdraw_others(configured.suites, configured.left_out, cursor, proposal);
  indices.forget_others();
  cursor.set_problems(!proposal.problems.empty());
  proposal.cursor = cursor.SerializeAsString();
  return proposal;
}

}  // namespace sluice::low
