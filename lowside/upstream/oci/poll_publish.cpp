// Of a poll: the blobs of what changed, and the records that are whole then.
#include <algorithm>

#include "common/base/file_system.h"
#include "common/base/hasher.h"
#include "common/base/limits.h"
#include "common/ecosystem/oci/names.h"
#include "lowside/upstream/oci/manifest_types.h"
#include "lowside/upstream/oci/poll.h"
#include "lowside/upstream/oci/record.h"

namespace sluice::low {
namespace {

// Of the records of one poll, in a manifest of 64 MiB; what a manifest says of a blob beside the
// record: its digests, name, address and evidence.
constexpr std::uint64_t kMaxRecordBytes = std::uint64_t{56} << 20;
constexpr std::uint64_t kBytesOfBlob = 512;
static_assert(kMaxRecordBytes < limits::kMaxManifestBytes);

bool is_read(const OciNode&) { return true; }

std::string raw(const Sha256Digest& digest) { return std::string(as_text(digest.bytes())); }

}  // namespace

OciState OciPoll::settle(const OciGraph& graph, const OciGraph::IsHad& had) const {
  const auto keep = std::chrono::microseconds(settings_.keep_untagged).count();
  return graph.settle(had, to_unix_micros(clock_.utc_now()), keep);
}

// A manifest's own bytes and what it needs beside other manifests.
bool OciPoll::has_all(const OciNode& node) const {
  return node.blob && node.manifest &&
         std::ranges::all_of(node.manifest->required_blobs(), [&](const oci::Descriptor& blob) {
           const auto found = blobs_.find(blob.digest);
           return found != blobs_.end() && found->second && found->second->size() == blob.size;
         });
}

Result<Proposal> OciPoll::publish() {
  Proposal proposal;
  std::vector<Repository*> changed;
  for (auto& [name, repository] : repositories_) {
    const OciState& shipped = repository.graph.shipped;
    OciState now = settle(repository.graph, is_read);
    if (now.manifests != shipped.manifests || now.tags != shipped.tags) {
      changed.push_back(&repository);
      continue;
    }
    name_faults(repository);
    if (!repository.tracked.record.empty()) {
      repository.tracked.untagged = std::move(now.untagged);
      repository.tracked.pinned = repository.graph.pinned;
      cursor_.repositories[repository.document] = repository.tracked;
    }
  }
  take_blobs(changed);
  if (context_.stop.stop_requested()) {
    return Error{ErrorCode::kCancelled, settings_.name, "the program is stopping", ""};
  }
  if (broken_) {
    return *broken_;
  }
  std::uint64_t room = kMaxRecordBytes;
  for (Repository* repository : changed) {
    mark_faults(*repository);
    name_faults(*repository);
    publish_repository(*repository, room, proposal);
  }
  if (context_.list_closure) {
    for (const auto& [name, repository] : repositories_) {
      list_closure(repository, proposal);
    }
  }
  proposal.problems = std::move(problems_);
  proposal.cursor = cursor_.write();
  return proposal;
}

// Every blob of the records is given anew; what the spool holds, or another image has brought, is
// not fetched again.
void OciPoll::take_blobs(const std::vector<Repository*>& changed) {
  std::vector<std::pair<Repository*, Sha256Digest>> needed;
  for (Repository* repository : changed) {
    for (const Sha256Digest& digest : settle(repository->graph, is_read).manifests) {
      needed.emplace_back(repository, digest);
      for (const oci::Descriptor& layer : repository->graph.nodes.at(digest).manifest->layers) {
        if (layer.media_type == oci::kSifLayer) {
          sif_layers_.insert(layer.digest);
        }
      }
    }
  }
  for (const auto& [repository, digest] : needed) {
    OciNode& node = repository->graph.nodes.at(digest);
    if (!node.blob) {
      auto held = context_.intake.held(digest);
      if (held && *held) {
        node.blob = std::move(**held);
      } else {
        Wanted& wanted = to_fetch_.emplace_back();
        wanted.manifest = {repository, digest};
        wanted.blob.digest = digest;
        wanted.file.repository = repository->name;
        wanted.file.request.uri =
            origin_.uri(repository->name, "manifests/" + oci::digest_text(digest));
        wanted.file.request.headers = {{"Accept", std::string(kManifestTypes)}};
        wanted.file.request.expected_size = node.size;
        wanted.file.request.name = repository->document + "@" + oci::digest_text(digest);
      }
    }
    for (const oci::Descriptor& blob : node.manifest->required_blobs()) {
      ask_for_blob(*repository, blob);
    }
  }
  fetch_asked();
}

void OciPoll::ask_for_blob(const Repository& repository, const oci::Descriptor& blob) {
  const auto [place, is_new] = blobs_.try_emplace(blob.digest);
  if (!is_new) {
    return;
  }
  auto held = context_.intake.held(blob.digest);
  if (!held) {
    broken_ = held.error();
    return;
  }
  const bool is_sif = sif_layers_.contains(blob.digest);
  if (auto refusal = is_sif ? sif_.refusal(blob.digest) : std::nullopt) {
    faults_.emplace(blob.digest, Fault{std::move(*refusal), false});
    return;
  }
  // What another source brought, or other settings let through, is looked at again.
  if (*held && (!is_sif || sif_.is_enough(**held))) {
    place->second = std::move(**held);
    return;
  }
  Wanted& wanted = to_fetch_.emplace_back();
  wanted.manifest.repository = nullptr;
  wanted.blob = blob;
  wanted.file.repository = repository.name;
  wanted.file.request.uri = origin_.uri(repository.name, "blobs/" + oci::digest_text(blob.digest));
  wanted.file.request.expected_size = blob.size;
  wanted.file.request.name = repository.document + "@" + oci::digest_text(blob.digest);
}

void OciPoll::fetch_asked() {
  std::vector<OciOrigin::AskedFile> asked;
  for (Wanted& wanted : to_fetch_) {
    asked.push_back(std::move(wanted.file));
  }
  std::size_t done = 0;
  origin_.files(context_, asked, [&](std::size_t index, Result<FetchedFile> fetched) {
    Wanted& wanted = to_fetch_[index];
    progress("blobs", ++done, asked.size());
    Result<proto::Blob> blob(proto::Blob{});
    const bool may_pass = !fetched && fetched.error().code != ErrorCode::kNotFound;
    if (!fetched) {
      blob = std::move(fetched).error();
    } else if (wanted.manifest.repository != nullptr) {
      blob = intake_manifest(wanted.manifest, std::move(*fetched));
    } else {
      blob = intake_blob(wanted.blob, std::move(*fetched));
    }
    if (!blob) {
      const ErrorCode code = blob.error().code;
      if (code == ErrorCode::kExhausted || code == ErrorCode::kIo) {
        broken_ = blob.error();
      }
      faults_.emplace(wanted.blob.digest, Fault{std::move(blob).error(), may_pass});
    } else if (wanted.manifest.repository != nullptr) {
      wanted.manifest.repository->graph.nodes.at(wanted.manifest.digest).blob = std::move(*blob);
    } else {
      blobs_[wanted.blob.digest] = std::move(*blob);
    }
  });
}

Result<proto::Blob> OciPoll::intake_blob(const oci::Descriptor& blob, FetchedFile file) {
  Expectation expectation{.digests = {blob.digest},
                          .size = blob.size,
                          .evidence = {{"oci-manifest", oci::digest_text(blob.digest)}}};
  const bool is_intact = file.digests().front() == Digest(blob.digest);  // else intake refuses it
  if (sif_layers_.contains(blob.digest) && is_intact) {
    auto found = sif_.check(file.request().name, blob.digest, file.path().value(), context_.stop);
    if (found) {
      expectation.evidence.push_back(std::move(*found));
    } else if (sif_.refusal(blob.digest)) {
      expectation.refusal = std::move(found).error();
    } else {  // the disk, or gpgv: not the image
      static_cast<void>(posix_file_system().remove(file.path().value()));
      return std::move(found).error();
    }
  }
  auto taken = context_.intake.take(std::move(file), expectation);
  if (!taken && !expectation.refusal) {  // that one SifCheck remembers, until its keyring changes
    note_refusal(blob.digest, taken.error());
  }
  return taken;
}

Result<proto::Blob> OciPoll::intake_manifest(const Place& place, FetchedFile file) {
  const Expectation expectation{
      .digests = {place.digest},
      .evidence = {{std::string(origin_.evidence()), oci::digest_text(place.digest)}}};
  auto blob = context_.intake.take(std::move(file), expectation);
  if (!blob) {
    note_refusal(place.digest, blob.error());
  }
  return blob;
}

// What failed for its own sake, and would again.
void OciPoll::note_refusal(const Sha256Digest& digest, const Error& why) {
  if (why.code == ErrorCode::kIntegrity || why.code == ErrorCode::kInvalid ||
      why.code == ErrorCode::kRefused) {
    origin_.refused(digest, why);
  }
}

void OciPoll::mark_faults(Repository& repository) {
  for (auto& [digest, node] : repository.graph.nodes) {
    if (!node.manifest || node.fault) {
      continue;
    }
    for (const oci::Descriptor& blob : node.manifest->required_blobs()) {
      const auto had = blobs_.find(blob.digest);
      if (had != blobs_.end() && had->second && had->second->size() != blob.size) {
        node.fault = Error{
            ErrorCode::kIntegrity, repository.document + "@" + oci::digest_text(digest),
            "it gives another size to " + oci::digest_text(blob.digest), "ask who made the image"};
      }
    }
    auto needed = node.manifest->required_blobs();
    needed.emplace_back().digest = digest;
    for (const oci::Descriptor& blob : needed) {
      if (const auto fault = faults_.find(blob.digest); fault != faults_.end()) {
        node.fault = fault->second.error;
        node.may_pass = fault->second.may_pass;
      }
    }
  }
}

// What of the wanted could not be had, and then what came along with it; each fault once.
void OciPoll::name_faults(const Repository& repository) {
  std::set<std::string> named;
  const auto name = [&](std::string thing, Error fault) {
    if (!named.insert(fault.message()).second) {
      return;
    }
    fault.cause = fault.thing + ": " + fault.cause;
    fault.thing = std::move(thing);
    fault.cure += std::string(fault.cure.empty() ? "" : "; ") +
                  "what needs it is shipped when all of it can be had";
    fail(std::move(fault));
  };
  for (const auto& [tag, digest] : repository.graph.found) {
    const auto fault = repository.graph.fault_of(digest, is_read);
    if (fault) {
      name(repository.document + ":" + tag, *fault);
    }
  }
  for (const auto& [digest, node] : repository.graph.nodes) {
    if (node.fault) {
      name(repository.document + "@" + oci::digest_text(digest), *node.fault);
    }
  }
}

void OciPoll::publish_repository(Repository& repository, std::uint64_t& room, Proposal& proposal) {
  // What was shipped would go from the high side, because of a registry that rests.
  const bool must_wait = std::ranges::any_of(repository.before, [&](const auto& manifest) {
    return repository.graph.nodes.at(manifest.first).may_pass;
  });
  if (must_wait) {
    problems_.push_back({ErrorCode::kUnavailable, repository.document,
                         "of what was shipped of it, something is neither held here any longer nor "
                         "to be had now, so that nothing new of it is shipped",
                         "it is tried again at the next poll; look at the other problems"});
    return;
  }
  const OciState state =
      settle(repository.graph, [&](const OciNode& node) { return has_all(node); });
  if (state.manifests.empty()) {
    return;
  }
  OciRecord made = make_oci_record(repository.document, repository.graph, state, blobs_);
  const std::string digest = sha256(as_bytes(made.record.body())).hex();
  if (digest != repository.tracked.record) {
    const std::uint64_t bytes = made.record.body().size() + kBytesOfBlob * made.blobs.size();
    if (bytes > room) {
      problems_.push_back(
          {ErrorCode::kRefused, repository.document, "its record has no room in this shipment",
           room < kMaxRecordBytes ? "the next poll takes it" : "narrow want and platforms"});
      return;
    }
    room -= bytes;
    records_.put(digest, made.record.body());
    proposal.records.push_back(std::move(made.record));
    std::ranges::move(made.blobs, std::back_inserter(proposal.blobs));
    repository.tracked.record = digest;
  }
  repository.tracked.untagged = state.untagged;
  repository.tracked.pinned = repository.graph.pinned;
  cursor_.repositories[repository.document] = repository.tracked;
}

// What the wants need, whether it was shipped before or not; what else the record names is besides.
void OciPoll::list_closure(const Repository& repository, Proposal& proposal) const {
  OciGraph wanted = repository.graph;
  wanted.shipped = {};
  wanted.pinned.clear();
  std::ranges::set_intersection(repository.graph.pinned, repository.roots,
                                std::inserter(wanted.pinned, wanted.pinned.end()));
  const OciState state = settle(wanted, is_read);
  const auto add = [&](const Sha256Digest& digest, std::uint64_t size) {
    proto::PlanNode& node = proposal.closure.emplace_back();
    node.set_ecosystem(std::string(oci::kEcosystem));
    node.set_document(repository.document);
    node.set_item(oci::digest_text(digest));
    node.set_sha256(raw(digest));
    node.set_size(size);
  };
  std::map<Sha256Digest, std::uint64_t> named;
  for (const Sha256Digest& digest : state.manifests) {
    const OciNode& node = wanted.nodes.at(digest);
    named.emplace(digest, node.size);
    for (const oci::Descriptor& blob : node.manifest->required_blobs()) {
      named.emplace(blob.digest, blob.size);
    }
  }
  for (const auto& [digest, size] : named) {
    add(digest, size);
  }
  // Whoever approves sees which tags move.
  for (const auto& [tag, digest] : state.tags) {
    proto::PlanNode& node = proposal.closure.emplace_back();
    node.set_ecosystem(std::string(oci::kEcosystem));
    node.set_document(repository.document);
    node.set_item(tag);
    node.set_sha256(raw(digest));
    node.set_size(wanted.nodes.at(digest).size);
  }
  for (const auto& [digest, node] : repository.graph.nodes) {
    if (node.manifest && !named.contains(digest)) {
      proposal.besides.push_back(raw(digest));
      for (const oci::Descriptor& blob : node.manifest->required_blobs()) {
        if (!named.contains(blob.digest)) {
          proposal.besides.push_back(raw(blob.digest));
        }
      }
    }
  }
}

}  // namespace sluice::low
