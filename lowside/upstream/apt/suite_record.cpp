#include "lowside/upstream/apt/suite_record.h"

#include <set>

namespace sluice::low {

void SuiteRecord::add(const std::string& path, const proto::Blob& blob,
                      std::int64_t modified_micros) {
  files_.insert_or_assign(path, File{blob, modified_micros});
}

void SuiteRecord::propose(const std::string& document, proto::AptSuite body,
                          Proposal& proposal) const {
  proto::Record record;
  record.set_ecosystem("apt");
  record.set_document(document);
  std::set<std::string> digests;
  for (const auto& [path, file] : files_) {
    auto& entry = *body.add_files();
    entry.set_path(path);
    entry.set_sha256(file.blob.sha256());
    entry.set_size(file.blob.size());
    entry.set_modified_micros(file.modified_micros);
    if (digests.insert(file.blob.sha256()).second) {
      proposal.blobs.push_back(file.blob);
    }
  }
  for (const auto& digest : digests) {
    record.add_blobs(digest);
  }
  record.set_body(body.SerializeAsString());
  proposal.records.push_back(std::move(record));
}

std::vector<DigestAlgorithm> by_hash_algorithms(const apt::IndexFile& file) {
  std::vector<DigestAlgorithm> algorithms;
  for (const auto& digest : file.digests) {
    if (digest.algorithm() != DigestAlgorithm::kSha256) {
      algorithms.push_back(digest.algorithm());
    }
  }
  return algorithms;
}

}  // namespace sluice::low
