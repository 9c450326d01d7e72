// An intake in memory, and a fetcher that does not wait between attempts: for tests of sources.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "common/base/hasher.h"
#include "lowside/fetch/retry.h"
#include "lowside/pipeline/upstream.h"

namespace sluice::low::test {

class MemoryIntake final : public Intake {
 public:
  Result<proto::Blob> take(FetchedFile file, const Expectation& expectation) override {
    if (full) {
      return errno_error("spool", ENOSPC);
    }
    if (expectation.refusal) {
      quarantined.insert(file.request().name);
      return *expectation.refusal;
    }
    if (quarantined.contains(file.request().name)) {
      return Error{ErrorCode::kRefused, file.request().name, "a scanner refused it",
                   "see its report"};
    }
    if (expectation.size && *expectation.size != file.size()) {
      return Error{ErrorCode::kIntegrity, file.request().name, "it is of another size",
                   "fetch it again"};
    }
    for (const Digest& digest : expectation.digests) {
      if (std::find(file.digests().begin(), file.digests().end(), digest) == file.digests().end()) {
        return Error{ErrorCode::kIntegrity, file.request().name,
                     "its digest is not " + digest.to_string(), "fetch it again"};
      }
    }
    proto::Blob blob;
    blob.set_sha256(std::string(as_text(file.digests().front().bytes())));
    blob.set_size(file.size());
    blob.set_name(file.request().name);
    for (const Evidence& evidence : expectation.evidence) {
      auto* added = blob.add_evidence();
      added->set_kind(evidence.kind);
      added->set_detail(evidence.detail);
    }
    for (const Digest& digest : file.digests()) {
      if (!digest.as_sha256()) {
        auto* alias = blob.add_aliases();
        alias->set_algorithm(static_cast<proto::DigestAlgorithm>(digest.algorithm()));
        alias->set_digest(std::string(as_text(digest.bytes())));
      }
    }
    for (const Digest& digest : file.digests()) {
      blobs[digest] = blob;
    }
    ++taken;
    return blob;
  }
  Result<proto::Blob> take_made(std::string name, std::string bytes, std::vector<DigestAlgorithm>,
                                std::vector<Evidence>) override {
    const Sha256Digest digest = sha256(as_bytes(bytes));
    proto::Blob blob;
    blob.set_sha256(std::string(as_text(digest.bytes())));
    blob.set_size(bytes.size());
    blob.set_name(std::move(name));
    blobs[digest] = blob;
    made[digest] = std::move(bytes);
    return blob;
  }
  Result<std::optional<proto::Blob>> held(const Digest& digest) override {
    const auto found = blobs.find(digest);
    return found == blobs.end() ? std::nullopt : std::optional(found->second);
  }

  std::map<Digest, proto::Blob> blobs;
  std::map<Sha256Digest, std::string> made;  // the bytes of what take_made() took
  std::set<std::string> quarantined;
  bool full = false;
  std::size_t taken = 0;
};

class AtOnce final : public RetryPolicy {
 public:
  std::chrono::milliseconds delay(unsigned, std::optional<std::chrono::seconds>) override {
    return {};
  }
};

}  // namespace sluice::low::test
