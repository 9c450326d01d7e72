#include "lowside/upstream/pypi/poll.h"

#include "common/base/hasher.h"

namespace sluice::low {
namespace {

// Pages of projects with a release a day have about 20 MB.
constexpr std::uint64_t kMaxPageBytes = std::uint64_t{128} << 20;

constexpr std::string_view kAccept =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, "
    "text/html;q=0.01";

}  // namespace

PypiPoll::PypiPoll(const PypiSettings& settings, observe::Counters& counters, PollContext& context)
    : settings_(settings),
      counters_(counters),
      context_(context),
      records_(context.work / "records"),
      resolver_(settings, context.work),
      stand_ins_(context.work),
      wheels_(context.work / "wheels") {}

Result<Proposal> PypiPoll::run() {
  SLUICE_TRY(cursor_, PypiCursor::read(context_.cursor));
  std::set<std::string> records;
  std::set<std::string> held;
  for (const auto& [name, project] : cursor_.projects) {
    records.insert(project.record);
    held.insert(name);
  }
  records_.keep_only(records);
  fetch_pages(held, true);
  if (auto silent = silence()) {
    return std::move(*silent);
  }
  SLUICE_TRY_VOID(resolve_wants());
  fetch_missing_pages();
  if (context_.published_since) {
    leave_out_old(*context_.published_since);
  }
  choose_files();
  take_files();
  take_provenance();
  wheels_.save();
  if (context_.stop.stop_requested()) {
    return Error{ErrorCode::kCancelled, settings_.name, "the program is stopping", ""};
  }
  if (broken_) {
    return *broken_;
  }
  return publish();
}

// The index gave none of the held projects' pages: what is known of the closures would stand, and
// nobody would be told.
std::optional<Error> PypiPoll::silence() const {
  std::optional<Error> silent;
  for (const auto& [name, project] : projects_) {
    if (!project.no_page || project.no_page->code != ErrorCode::kUnavailable) {
      return std::nullopt;
    }
    silent = project.no_page;
  }
  return silent;
}

void PypiPoll::fetch_pages(const std::set<std::string>& names, bool conditional) {
  std::vector<DocumentRequest> requests;
  std::vector<std::string> asked(names.begin(), names.end());
  for (const std::string& name : asked) {
    DocumentRequest request;
    request.uri = settings_.index + name + "/";
    request.headers.emplace_back("Accept", kAccept);
    request.size_limit = kMaxPageBytes;
    if (const PypiTracked* before = conditional ? tracked(name) : nullptr) {
      request.if_none_match = before->etag;
      request.if_modified_since = before->last_modified;
    }
    requests.push_back(std::move(request));
  }
  std::size_t done = 0;
  context_.fetch.documents(requests, context_.stop,
                           [&](std::size_t index, Result<Document> answer) {
                             take_page(asked[index], requests[index].uri, std::move(answer));
                             progress("pages", ++done, asked.size());
                           });
}

void PypiPoll::take_page(const std::string& name, const std::string& uri, Result<Document> answer) {
  Project& project = projects_[name];
  project.is_asked = answer.has_value();
  if (answer && answer->status == 304) {
    return;
  }
  if (answer) {
    take_new_page(name, uri, *answer);
    return;
  }
  project.no_page = answer.error();
  if (tracked(name) == nullptr) {
    return;  // whoever wants it says so
  }
  if (answer.error().code == ErrorCode::kNotFound) {
    problems_.push_back({ErrorCode::kNotFound, name, "the index has this project no more",
                         "what was shipped of it stays"});
  } else {
    problems_.push_back(answer.error());
  }
}

void PypiPoll::take_new_page(const std::string& name, const std::string& uri,
                             const Document& answer) {
  Project& project = projects_[name];
  const auto before = cursor_.projects.find(name);
  project.etag = answer.etag;
  project.last_modified = answer.last_modified;
  project.answer = sha256(as_bytes(answer.body)).hex();
  auto page = read_simple_page(name, uri, answer.content_type, answer.body);
  if (!page) {
    counters_.add(observe::Metric::kUpstreamGarbage);
    project.no_page = page.error();
    problems_.push_back(page.error());
    return;
  }
  if (before != cursor_.projects.end() && page->serial < before->second.serial) {
    counters_.add(observe::Metric::kUpstreamRollback);
    project.no_page =
        Error{ErrorCode::kOutdated, uri,
              "the index answers with serial " + std::to_string(page->serial) + ", and gave " +
                  std::to_string(before->second.serial) + " before",
              "a stale cache is on the way; what is held stays, the next poll asks again"};
    problems_.push_back(*project.no_page);
    return;
  }
  if (!page->refused.empty()) {
    counters_.add(observe::Metric::kUpstreamGarbage);
    std::string named;
    for (const std::string& file : page->refused) {
      named += (named.empty() ? "\"" : ", \"") + file + "\"";
    }
    problems_.push_back({ErrorCode::kRefused, uri,
                         std::to_string(page->refused_count) +
                             " files have names or words that cannot be, or stand twice: " + named,
                         "report it to the index's owner; these files are left out"});
  }
  project.page = std::move(*page);
}

const PypiTracked* PypiPoll::tracked(const std::string& project) const {
  const auto found = cursor_.projects.find(project);
  return found == cursor_.projects.end() ? nullptr : &found->second;
}

const PypiShipped* PypiPoll::shipped(const std::string& project, const std::string& file) const {
  const PypiTracked* before = tracked(project);
  if (before == nullptr) {
    return nullptr;
  }
  const auto found = before->files.find(file);
  return found == before->files.end() ? nullptr : &found->second;
}

// The index says something else of it than when it was shipped.
bool PypiPoll::is_changed(const std::string& project) const {
  const PypiTracked* before = tracked(project);
  const auto found = projects_.find(project);
  return before == nullptr || found == projects_.end() ||
         (found->second.page && found->second.answer != before->answer);
}

void PypiPoll::fail(const std::string& project, const std::string& file, Error error) {
  if (shipped(project, file) != nullptr) {
    projects_[project].frozen = true;
    error.cure = "the project stays as it was shipped until this is mended; " + error.cure;
  }
  failures_[file] = error.message();
  if (error.code == ErrorCode::kExhausted || error.code == ErrorCode::kIo) {
    broken_ = error;
  }
  problems_.push_back(std::move(error));
}

void PypiPoll::progress(std::string_view stage, std::size_t done, std::size_t total) const {
  if (context_.progress) {
    context_.progress(stage, done, total);
  }
}

}  // namespace sluice::low
