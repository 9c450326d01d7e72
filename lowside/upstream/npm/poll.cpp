#include "lowside/upstream/npm/poll.h"

#include <algorithm>

#include "common/base/hasher.h"
#include "common/ecosystem/npm/package_name.h"

namespace sluice::low {
namespace {

// The largest packuments known have about 100 MB.
constexpr std::uint64_t kMaxPackumentBytes = std::uint64_t{256} << 20;
constexpr std::uint64_t kMaxKeysBytes = std::uint64_t{1} << 20;

}  // namespace

NpmPoll::NpmPoll(const NpmSettings& settings, observe::Counters& counters, PollContext& context)
    : settings_(settings),
      counters_(counters),
      context_(context),
      records_(context.work / "records") {}

Result<Proposal> NpmPoll::run() {
  SLUICE_TRY(cursor_, NpmCursor::read(context_.cursor));
  std::set<std::string> records;
  std::set<std::string> held;
  for (const auto& [name, package] : cursor_.packages) {
    records.insert(package.record);
    held.insert(name);
  }
  records_.keep_only(records);
  read_wants();
  fetch_packuments(held);
  if (auto silent = silence()) {
    return std::move(*silent);
  }
  SLUICE_TRY_VOID(resolve_wants());
  SLUICE_TRY_VOID(fetch_keys());
  fetch_packuments(missing_packages());
  if (context_.published_since) {
    leave_out_old(*context_.published_since);
  }
  check_manifests();
  take_tarballs();
  if (context_.stop.stop_requested()) {
    return Error{ErrorCode::kCancelled, settings_.name, "the program is stopping", ""};
  }
  if (broken_) {
    return *broken_;
  }
  return publish();
}

// A registry that once had keys does not get rid of the checks by ceasing to serve them.
Result<void> NpmPoll::fetch_keys() {
  DocumentRequest request;
  request.uri = settings_.registry + "-/npm/v1/keys";
  request.size_limit = kMaxKeysBytes;
  auto answer = context_.fetch.document(request, context_.stop);
  if (answer) {
    auto keys = NpmKeys::read(request.uri, answer->body);
    if (keys) {
      keys_ = std::move(*keys);
      cursor_.keys = std::move(answer->body);
      return {};
    }
    counters_.add(observe::Metric::kUpstreamGarbage);
    if (cursor_.keys.empty()) {
      return keys.error();
    }
    problems_.push_back(keys.error());
  } else if (answer.error().code == ErrorCode::kCancelled ||
             (cursor_.keys.empty() && answer.error().code == ErrorCode::kUnavailable)) {
    return answer.error();
  } else if (!cursor_.keys.empty()) {
    problems_.push_back({answer.error().code, request.uri,
                         "the registry no longer gives its signing keys: " + answer.error().cause,
                         "the keys that it gave before are used"});
  }
  if (!cursor_.keys.empty()) {
    SLUICE_TRY(keys_, NpmKeys::read(request.uri, cursor_.keys));
  }
  return {};
}

// The registry gave none of the held packages: what is known of the closures would stand, and
// nobody would be told.
std::optional<Error> NpmPoll::silence() const {
  std::optional<Error> silent;
  for (const auto& [name, package] : packages_) {
    if (!package.no_answer || package.no_answer->code != ErrorCode::kUnavailable) {
      return std::nullopt;
    }
    silent = package.no_answer;
  }
  return silent;
}

// Of the closures: what was not asked for yet, and what another version is wanted of than was kept
// of the answer.
std::set<std::string> NpmPoll::missing_packages() const {
  std::set<std::string> names;
  for (const auto& [name, package] : packages_) {
    const bool is_new = !package.is_asked && !package.no_answer;
    if (!package.wanted.empty() && (is_new || has_news(name, package))) {
      names.insert(name);
    }
  }
  return names;
}

void NpmPoll::fetch_packuments(const std::set<std::string>& asked) {
  std::vector<DocumentRequest> requests;
  const std::vector<std::string> names(asked.begin(), asked.end());
  for (const std::string& name : names) {
    const Package& package = packages_[name];
    DocumentRequest request;
    request.uri = settings_.registry + npm::url_segment(name);
    request.headers.emplace_back("Accept", "application/json");
    request.size_limit = kMaxPackumentBytes;
    if (tracked(name) != nullptr && !has_news(name, package)) {
      request.if_none_match = tracked(name)->etag;
    }
    requests.push_back(std::move(request));
  }
  std::size_t done = 0;
  context_.fetch.documents(requests, context_.stop,
                           [&](std::size_t index, Result<Document> answer) {
                             take_packument(names[index], requests[index].uri, std::move(answer));
                             progress("packuments", ++done, names.size());
                           });
}

void NpmPoll::take_packument(const std::string& name, const std::string& uri,
                             Result<Document> answer) {
  Package& package = packages_[name];
  const NpmTracked* before = tracked(name);
  const auto refuse = [&](const Error& error) {
    problems_.push_back(error);
    for (const std::string& version : package.wanted) {
      if (!is_shipped(name, version)) {
        failures_[{name, version}] = error.message();
      }
    }
  };
  if (!answer) {
    package.no_answer = answer.error();
    refuse(answer.error());
    return;
  }
  package.is_asked = true;
  if (answer->status == 304 && before != nullptr && !has_news(name, package)) {
    return;
  }
  package.etag = answer->etag;
  package.answer = sha256(as_bytes(answer->body)).hex();
  if (before != nullptr && package.answer == before->answer && !has_news(name, package)) {
    cursor_.packages[name].etag = package.etag;
    return;
  }
  package.is_changed = before != nullptr && package.answer != before->answer;
  std::set<std::string> versions = package.wanted;
  if (before != nullptr) {
    for (const auto& [version, shipped] : before->versions) {
      versions.insert(version);
    }
  }
  auto packument = read_packument(name, uri, answer->body, versions);
  if (!packument) {
    counters_.add(observe::Metric::kUpstreamGarbage);
    refuse(packument.error());
    return;
  }
  package.packument = std::move(*packument);
}

const NpmTracked* NpmPoll::tracked(const std::string& name) const {
  const auto found = cursor_.packages.find(name);
  return found == cursor_.packages.end() ? nullptr : &found->second;
}

bool NpmPoll::is_shipped(const std::string& name, const std::string& version) const {
  const NpmTracked* package = tracked(name);
  return package != nullptr && package->versions.contains(version);
}

bool NpmPoll::has_news(const std::string& name, const Package& package) const {
  return std::any_of(package.wanted.begin(), package.wanted.end(),
                     [&](const std::string& version) { return !is_shipped(name, version); });
}

void NpmPoll::fail(const std::string& name, const std::string& version, Error error) {
  if (is_shipped(name, version)) {
    packages_[name].frozen = true;
    error.cure = "the package stays as it was shipped until this is mended; " + error.cure;
  }
  failures_[{name, version}] = error.message();
  if (error.code == ErrorCode::kExhausted || error.code == ErrorCode::kIo) {
    broken_ = error;
  }
  problems_.push_back(std::move(error));
}

void NpmPoll::progress(std::string_view stage, std::size_t done, std::size_t total) const {
  if (context_.progress) {
    context_.progress(stage, done, total);
  }
}

}  // namespace sluice::low
