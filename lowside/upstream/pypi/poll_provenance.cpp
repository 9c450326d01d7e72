// Of a poll: what an index says of who built its files (PEP 740). A file without it is shipped all
// the same: it is the index's word about the file, not a part of it.
#include "common/base/hasher.h"
#include "common/ecosystem/pypi/provenance.h"
#include "lowside/upstream/pypi/poll.h"

namespace sluice::low {

void PypiPoll::take_provenance() {
  std::vector<DocumentRequest> requests;
  std::vector<std::pair<std::string, HeldFile*>> of;  // a file's name
  for (auto& [name, project] : projects_) {
    if (!project.page || project.frozen) {
      continue;
    }
    for (auto& [file, held] : project.held) {
      if (held.file.provenance().empty() || take_held_provenance(name, file, held)) {
        continue;
      }
      DocumentRequest request;
      request.uri = with_credentials(held.file.provenance());
      request.headers = {{"Accept", std::string(pypi::kProvenanceMediaType)}};
      request.size_limit = pypi::kMaxProvenanceBytes;
      requests.push_back(std::move(request));
      of.emplace_back(file, &held);
    }
  }
  std::size_t done = 0;
  context_.fetch.documents(
      requests, context_.stop, [&](std::size_t index, Result<Document> answer) {
        auto& [file, held] = of[index];
        progress("provenance", ++done, requests.size());
        auto blob = admit_provenance(file, *held, std::move(answer));
        if (blob) {
          held->attestations = std::move(*blob);
          return;
        }
        if (blob.error().code == ErrorCode::kExhausted || blob.error().code == ErrorCode::kIo) {
          broken_ = blob.error();
        }
        problems_.push_back(std::move(blob).error());
      });
}

// What was shipped of it stays what it is.
bool PypiPoll::take_held_provenance(const std::string& name, const std::string& file,
                                    HeldFile& held) {
  const PypiShipped* before = shipped(name, file);
  const auto digest =
      before == nullptr ? std::nullopt : Sha256Digest::from_hex(before->attestations);
  if (!digest) {
    return false;
  }
  auto blob = context_.intake.held(*digest);
  if (!blob) {
    broken_ = blob.error();
    return true;
  }
  held.attestations = std::move(*blob);
  return held.attestations.has_value();
}

Result<proto::Blob> PypiPoll::admit_provenance(const std::string& file, const HeldFile& held,
                                               Result<Document> answer) {
  const auto without = [](Error error) {
    error.cure += (error.cure.empty() ? "" : "; ") + std::string("it crosses without provenance");
    return error;
  };
  if (!answer) {
    Error error = std::move(answer).error();
    error.thing = file + ": provenance: " + error.thing;
    return without(std::move(error));
  }
  const auto digest = Sha256Digest::from_bytes(as_bytes(held.blob.sha256()));
  SLUICE_ASSERT(digest.has_value());
  if (const auto checked = pypi::check_provenance(file, *digest, answer->body); !checked) {
    counters_.add(observe::Metric::kUpstreamGarbage);
    return without(checked.error());
  }
  return context_.intake.take_made(file + ".provenance", std::move(answer->body), {},
                                   {{"provenance", display_uri(held.file.provenance())}});
}

}  // namespace sluice::low
