#include "lowside/upstream/oci/poll.h"

#include <algorithm>

#include "common/base/hasher.h"
#include "common/ecosystem/oci/names.h"
#include "lowside/upstream/oci/answers.h"
#include "lowside/upstream/oci/manifest_types.h"

namespace sluice::low {
namespace {

constexpr std::size_t kTagsPerPage = 1000;
constexpr std::size_t kMaxTagPages = 200;
// 1000 tags of 128 characters; some registries send all at once.
constexpr std::uint64_t kMaxTagsPageBytes = std::uint64_t{16} << 20;
constexpr std::size_t kMaxTags = 100'000;  // of one repository: what a record may hold

std::string type_of(const std::string& content_type) {
  return content_type.substr(0, content_type.find_first_of("; "));
}

}  // namespace

OciPoll::OciPoll(const OciSettings& settings, OciOrigin& origin, SifCheck& sif,
                 observe::Counters& counters, const Clock& clock, PollContext& context)
    : settings_(settings),
      origin_(origin),
      sif_(sif),
      counters_(counters),
      clock_(clock),
      context_(context),
      records_(context.work / "records"),
      manifests_(context.work / "manifests") {}

Result<Proposal> OciPoll::run() {
  SLUICE_TRY(cursor_, OciCursor::read(context_.cursor));
  std::set<std::string> shipped;
  for (const auto& [document, tracked] : cursor_.repositories) {
    shipped.insert(tracked.record);
  }
  records_.keep_only(shipped);
  read_wants();
  list_tags();
  std::vector<std::pair<Repository*, std::string>> references;
  for (auto& [name, repository] : repositories_) {
    std::set<std::string> tags;
    choose_tags(repository, tags);
    for (const std::string& tag : tags) {
      references.emplace_back(&repository, tag);
    }
    for (const OciWant& want : repository.wants) {
      if (want.digest) {
        references.emplace_back(&repository, oci::digest_text(*want.digest));
      }
    }
  }
  ask_for(references);
  // The registry is at fault, not one image: the poll is tried again as a whole.
  if (unavailable_ && answered_ == 0) {
    return *unavailable_;
  }
  walk();
  if (context_.stop.stop_requested()) {
    return Error{ErrorCode::kCancelled, settings_.name, "the program is stopping", ""};
  }
  if (broken_) {
    return *broken_;
  }
  keep_sif_tags();
  Result<Proposal> proposal = publish();
  manifests_.drop_unused();
  return proposal;
}

void OciPoll::read_wants() {
  for (const std::string& text : settings_.images) {
    auto want = parse_oci_want(settings_.serve_as, text);
    if (!want) {
      counters_.add(observe::Metric::kWantUnresolved);
      problems_.push_back(std::move(want).error());
      continue;
    }
    Repository& repository = repositories_[want->repository];
    repository.name = want->repository;
    repository.wants.push_back(std::move(*want));
  }
  for (auto& [name, repository] : repositories_) {
    repository.document = oci::Document{settings_.serve_as, name}.name();
    recall(repository);
  }
}

// What was shipped of it before.
void OciPoll::recall(Repository& repository) {
  const auto tracked = cursor_.repositories.find(repository.document);
  if (tracked == cursor_.repositories.end()) {
    return;
  }
  repository.tracked = tracked->second;
  repository.graph.pinned = tracked->second.pinned;
  const auto body = records_.find<proto::OciRepository>(tracked->second.record);
  if (!body) {
    problems_.push_back({ErrorCode::kNotFound, repository.document,
                         "what was shipped of it before is no longer held here",
                         "what is no longer wanted of it, or has gone from the registry, is listed "
                         "no more from the next shipment on"});
    return;
  }
  OciState& shipped = repository.graph.shipped;
  shipped.untagged = tracked->second.untagged;
  for (const proto::OciManifest& manifest : body->manifests()) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(manifest.sha256()));
    repository.before.emplace(digest.value(), manifest);
    shipped.manifests.insert(digest.value());
  }
  for (const auto& [tag, digest] : body->tags()) {
    shipped.tags.emplace(tag, Sha256Digest::from_bytes(as_bytes(digest)).value());
  }
}

void OciPoll::list_tags() {
  std::size_t done = 0;
  for (auto& [name, repository] : repositories_) {
    progress("tags", done++, repositories_.size());
    const bool needs_list = std::ranges::any_of(repository.wants, &OciWant::needs_list);
    if (!needs_list && !settings_.referrers) {
      continue;
    }
    auto listed = list_tags_of(repository);
    if (listed) {
      ++answered_;
      continue;
    }
    // Some registries list tags to nobody. Without patterns and ranges that costs the legacy tags.
    if (listed.error().code == ErrorCode::kUnavailable) {
      unavailable_ = listed.error();
    }
    repository.failed = needs_list;
    if (needs_list || listed.error().code != ErrorCode::kNotFound) {
      fail(std::move(listed).error());
    }
  }
}

Result<void> OciPoll::list_tags_of(Repository& repository) {
  DocumentRequest request;
  request.uri = origin_.uri(repository.name, "tags/list?n=" + std::to_string(kTagsPerPage));
  request.size_limit = kMaxTagsPageBytes;
  std::size_t garbage = 0;
  for (std::size_t page = 0; page < kMaxTagPages; ++page) {
    SLUICE_TRY(const Document answer, origin_.document(context_, {repository.name, request}));
    SLUICE_TRY_VOID(read_tags_page(request.uri, answer.body, repository.listed, garbage));
    SLUICE_TRY(request.uri, next_oci_page(request.uri, answer.link));
    if (request.uri.empty()) {
      if (garbage > 0) {
        counters_.add(observe::Metric::kUpstreamGarbage, garbage);
        problems_.push_back({ErrorCode::kInvalid, repository.document,
                             std::to_string(garbage) + " of its tags are no names of tags",
                             "ask the registry's operator"});
      }
      return {};
    }
    if (repository.listed.size() > kMaxTags) {
      break;
    }
  }
  return Error{ErrorCode::kRefused, repository.document,
               "it has more than " + std::to_string(kMaxTags) + " tags",
               "name the tags that are wanted, without patterns and ranges, and set referrers = "
               "false"};
}

void OciPoll::choose_tags(Repository& repository, std::set<std::string>& tags) {
  if (repository.failed) {
    return;
  }
  const auto is_excluded = [&](const std::string& tag) {
    return std::ranges::any_of(
        settings_.exclude, [&](const std::string& pattern) { return matches_tag(pattern, tag); });
  };
  for (const OciWant& want : repository.wants) {
    if (!want.tag.empty()) {
      tags.insert(want.tag);
    }
    if (!want.needs_list()) {
      continue;
    }
    bool matched = false;
    for (const std::string& tag : repository.listed) {
      if (want.takes(tag) && !is_excluded(tag)) {
        tags.insert(tag);
        matched = true;
      }
    }
    if (!matched) {
      counters_.add(observe::Metric::kWantUnresolved);
      problems_.push_back({ErrorCode::kNotFound, repository.document,
                           "none of its tags is taken by the pattern or range that is wanted",
                           "check it against the registry's list of tags; a range takes versions "
                           "of three numbers only"});
    }
  }
}

// HEAD for each tag or digest.
void OciPoll::ask_for(const std::vector<std::pair<Repository*, std::string>>& references) {
  std::vector<OciOrigin::AskedDocument> asked;
  for (const auto& [repository, reference] : references) {
    DocumentRequest request;
    request.uri = origin_.uri(repository->name, "manifests/" + reference);
    request.headers = {{"Accept", std::string(kManifestTypes)}};
    request.size_limit = oci::kMaxManifestBytes;
    request.head_only = true;
    asked.push_back({repository->name, std::move(request)});
  }
  std::size_t done = 0;
  std::vector<std::size_t> silent;  // they do not say the digest
  origin_.documents(context_, asked, [&](std::size_t index, Result<Document> answer) {
    progress("tags", ++done, asked.size());
    const auto& [repository, reference] = references[index];
    if (answer && answer->content_digest.empty() && asked[index].request.head_only) {
      silent.push_back(index);
      return;
    }
    take_head(*repository, reference, std::move(answer));
  });
  for (const std::size_t index : silent) {
    const auto& [repository, reference] = references[index];
    asked[index].request.head_only = false;
    auto answer = origin_.document(context_, asked[index]);
    if (answer) {
      answer->content_digest = oci::digest_text(sha256(as_bytes(answer->body)));
    }
    take_head(*repository, reference, std::move(answer));
  }
}

void OciPoll::take_head(Repository& repository, const std::string& reference,
                        Result<Document> answer) {
  if (!answer) {
    missing(repository, reference, std::move(answer).error());
    return;
  }
  ++answered_;
  const auto digest = oci::parse_digest(answer->content_digest);
  if (!digest) {
    counters_.add(observe::Metric::kUpstreamGarbage);
    missing(repository, reference,
            {ErrorCode::kInvalid, repository.document + ":" + reference,
             "the registry names a digest for it that is no sha256", "ask its operator"});
    return;
  }
  const auto wanted = oci::parse_digest(reference);
  if (wanted && *wanted != *digest) {
    counters_.add(observe::Metric::kUpstreamBadDigest);
    missing(repository, reference,
            {ErrorCode::kIntegrity, repository.document + "@" + reference,
             "the registry answers with another digest: " + oci::digest_text(*digest),
             "ask its operator"});
    return;
  }
  take_target(repository, reference, *digest, type_of(answer->content_type));
}

void OciPoll::take_target(Repository& repository, const std::string& reference,
                          const Sha256Digest& digest, const std::string& media_type) {
  if (oci::parse_digest(reference)) {
    repository.graph.pinned.insert(digest);
  } else {
    repository.graph.found[reference] = digest;
  }
  if (!oci::subject_of_legacy_tag(reference)) {
    repository.roots.insert(digest);
  }
  add_node(repository, digest, media_type);
}

void OciPoll::missing(Repository& repository, const std::string& reference, Error error) {
  const std::string separator = oci::parse_digest(reference) ? "@" : ":";
  error.thing = repository.document + separator + reference;
  if (error.code == ErrorCode::kUnavailable) {
    unavailable_ = error;
  } else {
    ++answered_;
    counters_.add(observe::Metric::kWantUnresolved);
  }
  if (error.code == ErrorCode::kNotFound) {
    const bool stays = repository.graph.shipped.tags.contains(reference);
    error.cause = "the registry has no such image";
    error.cure = stays ? "it stays as it was shipped" : "check its name and tag";
  }
  fail(std::move(error));
}

void OciPoll::fail(Error error) {
  if (error.code == ErrorCode::kExhausted || error.code == ErrorCode::kIo ||
      error.code == ErrorCode::kCancelled) {
    broken_ = error;
  }
  problems_.push_back(std::move(error));
}

void OciPoll::progress(std::string_view stage, std::size_t done, std::size_t total) const {
  if (context_.progress) {
    context_.progress(stage, done, total);
  }
}

}  // namespace sluice::low
