// Of a poll: from tags and digests to all manifests that they lead to, and from those to what
// refers to them.
#include <algorithm>

#include "common/base/file_system.h"
#include "common/base/hasher.h"
#include "common/ecosystem/oci/names.h"
#include "lowside/upstream/oci/answers.h"
#include "lowside/upstream/oci/manifest_types.h"
#include "lowside/upstream/oci/platform_filter.h"
#include "lowside/upstream/oci/poll.h"

namespace sluice::low {
namespace {

// Of one repository: their descriptions and those of their layers fit a record.
constexpr std::size_t kMaxManifests = 20'000;
constexpr std::size_t kMaxReferrerPages = 100;  // of one manifest

}  // namespace

void OciPoll::walk() {
  while (!unread_.empty() && !context_.stop.stop_requested()) {
    std::vector<Place> fresh;
    while (!unread_.empty() && !context_.stop.stop_requested()) {
      fresh.insert(fresh.end(), unread_.begin(), unread_.end());
      load_manifests();
    }
    if (settings_.referrers) {
      find_companions(std::move(fresh));
    }
  }
  // What was shipped before: to know what of it stays, and what that needs.
  for (auto& [name, repository] : repositories_) {
    for (const auto& [digest, manifest] : repository.before) {
      add_node(repository, digest, manifest.media_type());
    }
    for (const Sha256Digest& digest : repository.graph.pinned) {
      add_node(repository, digest, "");
    }
  }
  while (!unread_.empty() && !context_.stop.stop_requested()) {
    load_manifests();
  }
}

void OciPoll::add_node(Repository& repository, const Sha256Digest& digest,
                       const std::string& media_type) {
  auto& nodes = repository.graph.nodes;
  const auto [place, is_new] = nodes.try_emplace(digest);
  if (!is_new) {
    return;
  }
  place->second.media_type = media_type;
  if (nodes.size() > kMaxManifests) {
    place->second.fault =
        Error{ErrorCode::kRefused, repository.document + "@" + oci::digest_text(digest),
              "its repository has more than " + std::to_string(kMaxManifests) + " manifests here",
              "narrow want and platforms"};
    return;
  }
  unread_.push_back({&repository, digest});
}

// Reads what unread_ names, from the cache or the registry. What that leads to is then unread.
void OciPoll::load_manifests() {
  std::vector<Place> missing;
  for (const Place& place : std::exchange(unread_, {})) {
    if (const auto bytes = manifests_.find(place.digest)) {
      take_manifest(place, *bytes);
    } else {
      missing.push_back(place);
    }
  }
  std::vector<OciOrigin::AskedFile> asked;
  for (const Place& place : missing) {
    FetchRequest request;
    request.uri =
        origin_.uri(place.repository->name, "manifests/" + oci::digest_text(place.digest));
    request.name = place.repository->document + "@" + oci::digest_text(place.digest);
    request.size_limit = oci::kMaxManifestBytes;
    request.headers = {{"Accept", std::string(kManifestTypes)}};
    asked.push_back({place.repository->name, std::move(request)});
  }
  std::size_t done = 0;
  origin_.files(context_, asked, [&](std::size_t index, Result<FetchedFile> fetched) {
    progress("manifests", ++done, asked.size());
    OciNode& node = missing[index].repository->graph.nodes.at(missing[index].digest);
    if (!fetched) {
      node.may_pass = fetched.error().code != ErrorCode::kNotFound;
      node.fault = std::move(fetched).error();
      return;
    }
    auto bytes = read_file(posix_file_system(), fetched->path().value(), oci::kMaxManifestBytes);
    auto blob = intake_manifest(missing[index], std::move(*fetched));
    if (!bytes || !blob) {
      node.fault = bytes ? std::move(blob).error() : std::move(bytes).error();
      if (node.fault->code == ErrorCode::kExhausted || node.fault->code == ErrorCode::kIo) {
        broken_ = node.fault;
      }
      return;
    }
    node.blob = std::move(*blob);
    manifests_.put(missing[index].digest, std::string(as_text(*bytes)));
    take_manifest(missing[index], std::string(as_text(*bytes)));
  });
}

void OciPoll::take_manifest(const Place& place, const std::string& bytes) {
  OciNode& node = place.repository->graph.nodes.at(place.digest);
  auto manifest = oci::read_manifest(
      place.repository->document + "@" + oci::digest_text(place.digest), bytes, node.media_type);
  if (!manifest) {
    counters_.add(observe::Metric::kUpstreamGarbage);
    node.fault = std::move(manifest).error();
    return;
  }
  node.size = bytes.size();
  if (manifest->is_index) {
    const auto wanted = wanted_children(*manifest, settings_.platforms);
    for (const std::size_t i : wanted) {
      node.children.push_back(manifest->children[i].digest);
    }
    if (wanted.empty() && !manifest->children.empty()) {
      node.fault = Error{ErrorCode::kNotFound,
                         place.repository->document + "@" + oci::digest_text(place.digest),
                         "it has an image for none of the platforms", "look at platforms"};
    }
    for (const std::size_t i : wanted) {
      add_node(*place.repository, manifest->children[i].digest, manifest->children[i].media_type);
    }
  }
  place.repository->graph.nodes.at(place.digest).manifest = std::move(*manifest);
}

// Signatures, attestations and the like of what is new in the graph, by either scheme.
void OciPoll::find_companions(std::vector<Place> fresh) {
  std::erase_if(fresh, [](const Place& place) {
    return !place.repository->graph.nodes.at(place.digest).manifest.has_value();
  });
  std::map<Repository*, std::set<Sha256Digest>> subjects;
  for (const Place& place : fresh) {
    subjects[place.repository].insert(place.digest);
  }
  std::vector<std::pair<Repository*, std::string>> legacy;
  for (auto& [repository, digests] : subjects) {
    for (const std::string& tag : repository->listed) {
      const auto subject = oci::subject_of_legacy_tag(tag);
      if (subject && digests.contains(*subject)) {
        legacy.emplace_back(repository, tag);
      }
    }
  }
  ask_for(legacy);
  find_referrers(fresh);
}

void OciPoll::find_referrers(const std::vector<Place>& subjects) {
  std::vector<Place> of;
  std::vector<OciOrigin::AskedDocument> asked;
  for (const Place& subject : subjects) {
    const std::string& name = subject.repository->name;
    DocumentRequest request;
    request.uri = origin_.uri(name, "referrers/" + oci::digest_text(subject.digest));
    request.size_limit = oci::kMaxManifestBytes;
    // One alone at first: a registry that has no such list says so once.
    if (const auto known = has_referrers_.find(name); known == has_referrers_.end()) {
      has_referrers_.emplace(name, true);
      take_referrers(subject, request.uri, origin_.document(context_, {name, std::move(request)}));
    } else if (known->second) {
      of.push_back(subject);
      asked.push_back({name, std::move(request)});
    }
  }
  std::vector<std::pair<std::size_t, Result<Document>>> answers;
  origin_.documents(context_, asked, [&](std::size_t index, Result<Document> answer) {
    progress("referrers", answers.size(), asked.size());
    answers.emplace_back(index, std::move(answer));
  });
  for (auto& [index, answer] : answers) {
    take_referrers(of[index], asked[index].request.uri, std::move(answer));
  }
}

void OciPoll::take_referrers(const Place& subject, std::string uri, Result<Document> answer) {
  Repository& repository = *subject.repository;
  for (std::size_t page = 0; page < kMaxReferrerPages; ++page) {
    if (!answer) {
      const ErrorCode code = answer.error().code;
      if (code == ErrorCode::kNotFound || code == ErrorCode::kInvalid) {
        has_referrers_[repository.name] = false;  // its legacy tags are all that there is
      } else {
        fail(std::move(answer).error());
      }
      return;
    }
    const auto list = oci::read_manifest(display_uri(uri), answer->body, oci::kOciIndex);
    auto next = next_oci_page(uri, answer->link);
    if (!list || !next) {
      counters_.add(observe::Metric::kUpstreamGarbage);
      fail(list ? std::move(next).error() : list.error());
      return;
    }
    for (const oci::Descriptor& referrer : list->children) {
      add_node(repository, referrer.digest, referrer.media_type);
    }
    if (next->empty()) {
      return;
    }
    uri = std::move(*next);
    DocumentRequest request;
    request.uri = uri;
    request.size_limit = oci::kMaxManifestBytes;
    answer = origin_.document(context_, {repository.name, std::move(request)});
  }
  fail({ErrorCode::kRefused, display_uri(uri),
        "more refers to one image than " + std::to_string(kMaxReferrerPages) + " pages list",
        "set referrers = false for this registry"});
}

// The same name never changes its bytes, where they are a SIF image: who runs it by its name is to
// run what was tested.
void OciPoll::keep_sif_tags() {
  for (auto& [name, repository] : repositories_) {
    OciGraph& graph = repository.graph;
    const auto layer_of = [&](const Sha256Digest& digest) {
      const auto node = graph.nodes.find(digest);
      return node != graph.nodes.end() && node->second.manifest
                 ? oci::sif_layer(*node->second.manifest)
                 : nullptr;
    };
    std::erase_if(graph.found, [&](const auto& tag) {
      const auto shipped = graph.shipped.tags.find(tag.first);
      if (shipped == graph.shipped.tags.end() || shipped->second == tag.second) {
        return false;
      }
      const oci::Descriptor* before = layer_of(shipped->second);
      const oci::Descriptor* now = layer_of(tag.second);
      const bool is_same = before != nullptr && now != nullptr && before->digest == now->digest;
      if ((before == nullptr && now == nullptr) || is_same) {
        return false;
      }
      counters_.add(observe::Metric::kSifMoves);
      problems_.push_back({ErrorCode::kRefused, repository.document + ":" + tag.first,
                           "a SIF image keeps its name: it was shipped as " +
                               oci::digest_text(shipped->second) + " and is now to be " +
                               oci::digest_text(tag.second),
                           "give the new image a tag of its own"});
      return true;
    });
  }
}

}  // namespace sluice::low
