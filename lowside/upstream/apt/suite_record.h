// The record of one suite, gathered file by file.
#pragma once

#include <map>
#include <string>

#include "common/ecosystem/apt/release.h"
#include "lowside/pipeline/upstream.h"
#include "sluice/apt.pb.h"

namespace sluice::low {

class SuiteRecord {
 public:
  // `blob` as the intake returned it. `modified`: 0 where nothing is known.
  void add(const std::string& path, const proto::Blob& blob, std::int64_t modified_micros);
  // Appends the record and its blobs.
  void propose(const std::string& document, proto::AptSuite body, Proposal& proposal) const;

 private:
  struct File {
    proto::Blob blob;
    std::int64_t modified_micros = 0;
  };
  std::map<std::string, File> files_;
};

// Every digest under which clients may ask for the file by hash, besides SHA-256.
std::vector<DigestAlgorithm> by_hash_algorithms(const apt::IndexFile& file);

}  // namespace sluice::low
