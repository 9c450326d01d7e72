// Of a source of the pattern "request": each request is polled as a closure of its own, and what
// that finds is kept as its plan. Only the plan that was approved, found again, is shipped. All
// requests of a source share its cursor: a document that two of them need keeps what both sent.
#include <algorithm>
#include <cctype>

#include "common/base/file_system.h"
#include "lowside/daemon/source_poll.h"
#include "lowside/request/plan.h"

namespace sluice::low {
namespace {

using observe::Level;
using observe::Metric;

constexpr std::size_t kMaxFileName = 64;

// A name that a person gave, as one of a file: it tells which list a message is about, and of what
// kind the list is.
std::string file_name(const std::string& given) {
  std::string name = given.substr(0, kMaxFileName);
  std::ranges::replace_if(
      name,
      [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '-';
      },
      '_');
  return name.empty() || name.starts_with('.') ? "list" + name : name;
}

}  // namespace

std::chrono::seconds SourcePoll::poll_requests(const std::stop_token& stop) {
  const auto requests = parts_.requests->to_poll(upstream_->name(), pattern_.by_request->standing);
  if (!requests) {
    return failed(requests.error());
  }
  std::optional<Error> first;
  for (const proto::StoredRequest& request : *requests) {
    if (stop.stop_requested()) {
      return upstream_->interval();
    }
    auto polled = poll_request(request, stop);
    if (!polled && polled.error().code != ErrorCode::kCancelled) {
      // What cannot be written down now is in the poll's own failure.
      static_cast<void>(parts_.requests->failed(request.id(), polled.error()));
      first = first ? first : std::move(polled).error();
    }
  }
  if (first) {
    return failed(*first);
  }
  parts_.counters.add(Metric::kPollRuns);
  succeeded({});
  return upstream_->interval();
}

Result<void> SourcePoll::poll_request(const proto::StoredRequest& request,
                                      const std::stop_token& stop) {
  SLUICE_TRY(const Proposal proposal, ask_for(request, stop));
  SLUICE_TRY(Spool::Preview preview, parts_.spool.preview(upstream_->name(), proposal));
  const Cargo cargo{std::move(preview.blobs), preview.bytes, parts_.send_time(preview.bytes)};
  SLUICE_TRY(const proto::StoredPlan plan,
             make_plan(upstream_->name(), proposal, cargo, parts_.clock.utc_now()));
  SLUICE_TRY(const auto shipment,
             parts_.requests->planned(request.id(), plan, [&](const RequestBook::Along& along) {
               return parts_.spool.append(upstream_->name(), proposal, along);
             }));
  if (shipment) {
    report_shipment(proposal, *shipment);
  }
  return {};
}

Result<Proposal> SourcePoll::ask_for(const proto::StoredRequest& request,
                                     const std::stop_token& stop) {
  if (request.standing()) {
    return ask(*upstream_, stop);
  }
  SLUICE_TRY(auto files, lay_out(request));
  SLUICE_TRY(const auto upstream,
             pattern_.by_request->upstream_for({request.wants().begin(), request.wants().end()},
                                               std::move(files)));
  return ask(*upstream, stop);
}

// The files that were given with it, in a folder of this request alone.
Result<std::vector<std::filesystem::path>> SourcePoll::lay_out(
    const proto::StoredRequest& request) const {
  FileSystem& files = posix_file_system();
  std::vector<std::filesystem::path> paths;
  const auto folder = work_ / "requests" / request.id();
  std::error_code ignored;
  std::filesystem::remove_all(work_ / "requests", ignored);  // of those before
  for (int i = 0; i < request.documents_size(); ++i) {
    const proto::RequestDocument& document = request.documents(i);
    paths.push_back(folder / std::to_string(i + 1) / file_name(document.name()));
    SLUICE_TRY_VOID(files.create_directories(paths.back().parent_path()));
    SLUICE_TRY_VOID(write_file_durably(files, paths.back(), as_bytes(document.content())));
  }
  return paths;
}

}  // namespace sluice::low
