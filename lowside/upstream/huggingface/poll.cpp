#include "lowside/upstream/huggingface/poll.h"

#include <algorithm>
#include <set>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "lowside/pipeline/next_page.h"
#include "lowside/pipeline/rfc3339.h"

namespace sluice::low {
namespace {

using huggingface::Repository;

constexpr std::uint64_t kMaxTokenBytes = 4096;
// A revision's answer lists every file's name besides what is read of it: 100 000 of 100 bytes.
constexpr std::uint64_t kMaxRevisionBytes = std::uint64_t{16} << 20;
// A page has at most 1000 entries (the hub's own limit) of some 300 bytes, more with long paths.
constexpr std::uint64_t kMaxPageBytes = std::uint64_t{16} << 20;
// Of 1000 entries each, twice over what a shipment may carry.
constexpr std::size_t kMaxPages = 1000;

Digest git_digest(const proto::HuggingFaceFile& file) {
  return Digest::from_bytes(DigestAlgorithm::kGitBlobSha1, as_bytes(file.oid())).value();
}

// What the hub vouches for: the file's SHA-256 where it is in LFS, else its git blob's SHA-1.
Digest digest_of(const proto::HuggingFaceFile& file) {
  return file.pointer_size() > 0 ? Digest(*Sha256Digest::from_bytes(as_bytes(file.sha256())))
                                 : git_digest(file);
}

// `files` are sorted by path.
bool holds_one(const proto::HuggingFaceFolder& folder,
               const std::vector<proto::HuggingFaceFile>& files) {
  const std::string inside = folder.path() + "/";
  const auto first = std::ranges::lower_bound(files, inside, {}, &proto::HuggingFaceFile::path);
  return first != files.end() && first->path().starts_with(inside);
}

// The hub answers 401 to whoever may not know that there is such a repository.
Error with_cure(Error error, const Repository& repository) {
  error.cure = "check " + repository.address() +
               " and its revision; of a gated or private one accept the terms on its page and set "
               "token";
  return error;
}

}  // namespace

HuggingFacePoll::HuggingFacePoll(const HuggingFaceSettings& settings, const Selection& selection,
                                 observe::Counters& counters, PollContext& context)
    : settings_(settings), selection_(selection), counters_(counters), context_(context) {}

Result<Proposal> HuggingFacePoll::run() {
  SLUICE_TRY(cursor_, HuggingFaceCursor::read(context_.cursor));
  SLUICE_TRY_VOID(read_token());
  read_wants();
  SLUICE_TRY_VOID(ask_for_commits());
  list_files();
  take_files();
  if (context_.stop.stop_requested()) {
    return Error{ErrorCode::kCancelled, settings_.name, "the program is stopping", ""};
  }
  if (broken_) {
    return *broken_;
  }
  return publish();
}

Result<void> HuggingFacePoll::read_token() {
  if (settings_.token_file.empty()) {
    return {};
  }
  SLUICE_TRY(const Bytes text,
             read_file(posix_file_system(), settings_.token_file, kMaxTokenBytes));
  token_ = trim(as_text(text));
  const bool printable = std::ranges::all_of(token_, [](char c) { return c > ' ' && c < '\x7f'; });
  if (token_.empty() || !printable) {
    return Error{ErrorCode::kInvalid, settings_.token_file.string(), "it holds no access token",
                 "put the token there as the hub shows it, and nothing else"};
  }
  return {};
}

std::vector<std::pair<std::string, std::string>> HuggingFacePoll::headers() const {
  if (token_.empty()) {
    return {};
  }
  return {{"Authorization", "Bearer " + token_}};
}

void HuggingFacePoll::read_wants() {
  std::set<std::pair<Repository, std::string>> known;
  for (const std::string& text : settings_.repositories) {
    auto want = parse_huggingface_want(text);
    if (!want) {
      counters_.add(observe::Metric::kWantUnresolved);
      problems_.push_back(std::move(want).error());
    } else if (known.emplace(want->repository, want->revision).second) {
      asked_.push_back({std::move(*want), "", ""});
    }
  }
}

bool HuggingFacePoll::is_shipped(const RevisionId& id) const {
  const auto tracked = cursor_.repositories.find(id.first.document());
  if (tracked == cursor_.repositories.end()) {
    return false;
  }
  const auto revision = tracked->second.revisions.find(id.second);
  return revision != tracked->second.revisions.end() && revision->second == selection_.id();
}

// A commit that is shipped already never changes: it is not asked for again.
Result<void> HuggingFacePoll::ask_for_commits() {
  std::vector<DocumentRequest> requests;
  std::vector<Asked*> askers;
  for (Asked& asked : asked_) {
    const Repository& repository = asked.want.repository;
    if (is_shipped({repository, asked.want.revision}) && !context_.list_closure) {
      continue;
    }
    DocumentRequest request;
    request.uri = revision_uri(settings_.hub, repository, asked.want.revision);
    request.headers = headers();
    request.size_limit = kMaxRevisionBytes;
    if (const auto tracked = cursor_.repositories.find(repository.document());
        tracked != cursor_.repositories.end() && !context_.list_closure) {
      const auto ref = tracked->second.refs.find(asked.want.revision);
      const auto etag = tracked->second.etags.find(asked.want.revision);
      if (ref != tracked->second.refs.end() && etag != tracked->second.etags.end() &&
          is_shipped({repository, ref->second})) {
        request.if_none_match = etag->second;
      }
    }
    requests.push_back(std::move(request));
    askers.push_back(&asked);
  }
  std::size_t done = 0;
  bool answered = requests.empty();
  std::optional<Error> unavailable;
  context_.fetch.documents(
      requests, context_.stop, [&](std::size_t index, Result<Document> answer) {
        progress("revisions", ++done, requests.size());
        if (answer) {
          answered = true;
          take_commit(*askers[index], requests[index].uri, *answer);
          return;
        }
        if (answer.error().code == ErrorCode::kUnavailable) {
          unavailable = answer.error();
          problems_.push_back(std::move(answer).error());
        } else {
          answered = true;
          counters_.add(observe::Metric::kWantUnresolved);
          fail(with_cure(std::move(answer).error(), askers[index]->want.repository));
        }
      });
  // The hub is at fault, not one entry: the poll is tried again as a whole.
  return !answered && unavailable ? Result<void>(*unavailable) : Result<void>();
}

void HuggingFacePoll::take_commit(Asked& asked, const std::string& uri, const Document& answer) {
  if (answer.status == 304) {
    return;
  }
  auto said = read_hub_revision(uri, answer.body);
  if (!said) {
    counters_.add(observe::Metric::kUpstreamGarbage);
    problems_.push_back(std::move(said).error());
    return;
  }
  if (is_old(asked, *said)) {
    return;
  }
  asked.commit = said->commit;
  asked.etag = answer.etag;
  const RevisionId id{asked.want.repository, said->commit};
  const bool shipped = is_shipped(id);
  if (!shipped || context_.list_closure) {
    Revision& revision = revisions_[id];
    revision.said = std::move(*said);
    revision.shipped = shipped;
  }
}

// Changed before what is wanted begins.
bool HuggingFacePoll::is_old(const Asked& asked, const HubRevision& said) {
  if (!context_.published_since) {
    return false;
  }
  const auto modified = read_rfc3339(said.last_modified);
  if (!modified) {
    problems_.push_back({ErrorCode::kInvalid, asked.want.repository.address(),
                         "the hub does not say when this revision was changed, so that it cannot "
                         "be told whether it is within the window",
                         "use pattern = \"follow\" for this hub"});
    return true;
  }
  return *modified < *context_.published_since;
}

void HuggingFacePoll::list_files() {
  std::size_t done = 0;
  for (auto& [id, revision] : revisions_) {
    progress("trees", done++, revisions_.size());
    auto tree = list(id);
    if (!tree) {
      revision.failed = true;
      fail(std::move(tree).error());
      continue;
    }
    select(*tree);
    if (tree->files.empty()) {
      revision.failed = true;
      problems_.push_back({ErrorCode::kNotFound, id.first.address() + "@" + id.second,
                           "none of its files is wanted", "look at include and exclude"});
    }
    revision.tree = std::move(*tree);
    revision.blobs.resize(revision.tree.files.size());
  }
}

Result<HubTree> HuggingFacePoll::list(const RevisionId& id) {
  HubTree tree;
  std::string uri = tree_uri(settings_.hub, id.first, id.second);
  for (std::size_t page = 0; page < kMaxPages; ++page) {
    DocumentRequest request;
    request.uri = uri;
    request.headers = headers();
    request.size_limit = kMaxPageBytes;
    SLUICE_TRY(const Document answer, context_.fetch.document(request, context_.stop));
    if (const auto read = read_hub_tree(uri, answer.body, tree); !read) {
      counters_.add(observe::Metric::kUpstreamGarbage);
      return read.error();
    }
    std::string next = next_page(answer.link);
    if (next.empty()) {
      return tree;
    }
    // The token goes with it.
    if (!next.starts_with(settings_.hub)) {
      return Error{ErrorCode::kRefused, uri, "its next page is on another host",
                   "ask the hub's operator"};
    }
    uri = std::move(next);
  }
  return Error{ErrorCode::kRefused, uri,
               "it has more than " + std::to_string(kMaxPages) + " pages of files",
               "ask the hub's operator"};
}

void HuggingFacePoll::select(HubTree& tree) const {
  std::erase_if(tree.files, [&](const auto& file) { return !selection_.wants(file.path()); });
  std::ranges::sort(tree.files, {}, &proto::HuggingFaceFile::path);
  std::erase_if(tree.folders, [&](const auto& folder) { return !holds_one(folder, tree.files); });
  std::ranges::sort(tree.folders, {}, &proto::HuggingFaceFolder::path);
}

void HuggingFacePoll::take_files() {
  std::vector<FetchRequest> requests;
  std::vector<std::pair<RevisionId, std::size_t>> of;
  for (auto& [id, revision] : revisions_) {
    const bool wanted = !revision.failed && !revision.shipped;
    for (std::size_t i = 0; i < revision.tree.files.size() && wanted; ++i) {
      const proto::HuggingFaceFile& file = revision.tree.files[i];
      auto held = context_.intake.held(digest_of(file));
      if (!held || *held) {
        take_file(id, i, held ? Result<proto::Blob>(std::move(**held)) : held.error());
        continue;
      }
      FetchRequest request;
      request.uri = file_uri(settings_.hub, id.first, id.second, file.path());
      request.name = id.first.address() + "/" + file.path();
      request.expected_size = file.size();
      if (file.pointer_size() == 0) {
        request.digests = {DigestAlgorithm::kGitBlobSha1};
      }
      request.headers = headers();
      requests.push_back(std::move(request));
      of.emplace_back(id, i);
    }
  }
  std::size_t done = 0;
  context_.fetch.files(
      requests, context_.stop, [&](std::size_t index, Result<FetchedFile> fetched) {
        const auto& [id, i] = of[index];
        const proto::HuggingFaceFile& file = revisions_.at(id).tree.files[i];
        progress("files", ++done, requests.size());
        const Expectation expectation{.digests = {digest_of(file)},
                                      .size = file.size(),
                                      .evidence = {{"hub-tree", digest_of(file).to_string()}}};
        take_file(id, i,
                  fetched ? context_.intake.take(std::move(*fetched), expectation)
                          : Result<proto::Blob>(std::move(fetched).error()));
      });
}

void HuggingFacePoll::take_file(const RevisionId& id, std::size_t file, Result<proto::Blob> blob) {
  Revision& revision = revisions_.at(id);
  if (!blob) {
    revision.failed = true;
    Error error = std::move(blob).error();
    error.cure += (error.cure.empty() ? "" : "; ") + id.first.address() +
                  " is shipped when all its wanted files can be had";
    fail(std::move(error));
    return;
  }
  revision.tree.files[file].set_sha256(blob->sha256());
  revision.blobs[file] = std::move(*blob);
}

Result<Proposal> HuggingFacePoll::publish() {
  Proposal proposal;
  if (context_.list_closure) {
    SLUICE_TRY_VOID(list_closure(proposal));
  }
  for (auto& [id, revision] : revisions_) {
    if (!revision.failed && !revision.shipped) {
      publish_revision(id, revision, proposal);
    }
  }
  publish_refs(proposal);
  proposal.problems = std::move(problems_);
  proposal.cursor = cursor_.write();
  return proposal;
}

Result<void> HuggingFacePoll::list_closure(Proposal& proposal) const {
  for (const auto& [id, revision] : revisions_) {
    for (std::size_t i = 0; i < revision.tree.files.size() && !revision.failed; ++i) {
      const proto::HuggingFaceFile& file = revision.tree.files[i];
      proto::PlanNode& node = proposal.closure.emplace_back();
      node.set_ecosystem(std::string(huggingface::kEcosystem));
      node.set_document(id.first.document_of(id.second));
      node.set_item(file.path());
      node.set_size(file.size());
      node.set_sha256(file.sha256());
      if (file.sha256().empty()) {  // of a shipped one, whose file the spool may have dropped
        SLUICE_TRY(const auto held, context_.intake.held(digest_of(file)));
        node.set_sha256(held ? held->sha256() : "");
      }
    }
  }
  return {};
}

void HuggingFacePoll::publish_revision(const RevisionId& id, Revision& revision,
                                       Proposal& proposal) {
  proto::HuggingFaceRevision body;
  body.set_last_modified(revision.said.last_modified);
  body.set_about(revision.said.about);
  body.mutable_files()->Assign(revision.tree.files.begin(), revision.tree.files.end());
  body.mutable_folders()->Assign(revision.tree.folders.begin(), revision.tree.folders.end());
  proto::Record& record = proposal.records.emplace_back();
  record.set_ecosystem(std::string(huggingface::kEcosystem));
  record.set_document(id.first.document_of(id.second));
  record.set_body(body.SerializeAsString());
  std::set<std::string> named;
  for (proto::Blob& blob : revision.blobs) {
    if (named.insert(blob.sha256()).second) {
      record.add_blobs(blob.sha256());
      proposal.blobs.push_back(std::move(blob));
    }
  }
  cursor_.repositories[id.first.document()].revisions[id.second] = selection_.id();
}

// Only refs whose revision is shipped: with this shipment at the latest.
void HuggingFacePoll::publish_refs(Proposal& proposal) {
  std::set<std::string> changed;
  for (const Asked& asked : asked_) {
    const Repository& repository = asked.want.repository;
    const std::string& name = asked.want.revision;
    if (asked.commit.empty() || !is_shipped({repository, asked.commit}) ||
        huggingface::is_commit(name)) {
      continue;
    }
    HuggingFaceTracked& tracked = cursor_.repositories[repository.document()];
    tracked.etags[name] = asked.etag;
    std::string& ref = tracked.refs[name];
    if (ref != asked.commit) {
      ref = asked.commit;
      changed.insert(repository.document());
    }
  }
  for (const std::string& document : changed) {
    proto::HuggingFaceRefs body;
    for (const auto& [name, commit] : cursor_.repositories[document].refs) {
      (*body.mutable_commits())[name] = commit;
    }
    proto::Record& record = proposal.records.emplace_back();
    record.set_ecosystem(std::string(huggingface::kEcosystem));
    record.set_document(document);
    record.set_body(body.SerializeAsString());
  }
}

void HuggingFacePoll::fail(Error error) {
  if (error.code == ErrorCode::kExhausted || error.code == ErrorCode::kIo ||
      error.code == ErrorCode::kCancelled) {
    broken_ = error;
  }
  problems_.push_back(std::move(error));
}

void HuggingFacePoll::progress(std::string_view stage, std::size_t done, std::size_t total) const {
  if (context_.progress) {
    context_.progress(stage, done, total);
  }
}

}  // namespace sluice::low
