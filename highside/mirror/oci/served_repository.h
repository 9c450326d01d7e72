// One repository as clients see it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "sluice/oci.pb.h"

namespace sluice::high {

// The specification's order of tags: without regard to case, and where that is the same, by bytes.
bool tag_before(std::string_view a, std::string_view b);

// Made once for each state of a record, and kept. Const, so callable from any thread.
class ServedRepository {
 public:
  struct Manifest {
    Sha256Digest digest;
    std::uint64_t size = 0;
    std::string media_type;
  };
  struct Tag {
    std::string name;
    Sha256Digest manifest;
  };
  // What refers to a manifest, as its list of referrers says it.
  struct Referrer {
    Sha256Digest digest;
    std::uint64_t size = 0;
    std::string media_type;
    std::string artifact_type;
    std::map<std::string, std::string> annotations;
  };

  // `body` as the record's check lets it through: in order, every digest of 32 bytes.
  explicit ServedRepository(const proto::OciRepository& body);

  const Manifest* manifest(const Sha256Digest& digest) const;  // none: it is not held
  const Manifest* tagged(std::string_view tag) const;          // likewise
  // Whether a client may ask for it as a blob: manifests are blobs too.
  bool has_blob(const Sha256Digest& digest) const;
  const std::vector<Tag>& tags() const { return tags_; }                      // by tag_before()
  const std::vector<Referrer>& referrers(const Sha256Digest& subject) const;  // by digest
  std::size_t cost() const { return cost_; }  // bytes of memory, about

 private:
  std::vector<Manifest> manifests_;  // by digest
  std::vector<Sha256Digest> blobs_;  // likewise
  std::vector<Tag> tags_;
  std::map<Sha256Digest, std::vector<Referrer>> referrers_;  // by subject
  std::size_t cost_ = 0;
};

}  // namespace sluice::high
