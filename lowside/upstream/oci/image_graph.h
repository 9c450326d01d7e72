// The manifests of one repository and what leads to which: from tags and digests that are wanted,
// through indices to images, and from signatures to what they sign.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/ecosystem/oci/manifest.h"
#include "sluice/oci.pb.h"
#include "sluice/shipment.pb.h"

namespace sluice::low {

struct OciNode {
  std::string media_type;  // what it is said to be; empty where nobody said
  std::optional<oci::Manifest> manifest;
  std::uint64_t size = 0;
  std::vector<Sha256Digest> children;  // of an index, those that are wanted
  std::optional<proto::Blob> blob;     // once the spool holds it
  std::optional<Error> fault;          // why it cannot be had, or what it needs
  bool may_pass = false;               // of the fault: the registry gave nothing, but not for good
};

// What a record says, as digests.
struct OciState {
  std::set<Sha256Digest> manifests;
  std::map<std::string, Sha256Digest> tags;
  std::map<Sha256Digest, std::int64_t> untagged;  // as OciTracked has them

  bool operator==(const OciState&) const = default;
};

// One thread.
class OciGraph {
 public:
  std::map<Sha256Digest, OciNode> nodes;
  std::map<std::string, Sha256Digest> found;  // wanted tags, as the registry has them now
  std::set<Sha256Digest> pinned;              // wanted by digest, now or before
  OciState shipped;                           // before

  using IsHad = std::function<bool(const OciNode&)>;

  // Why the manifest or something that it needs is not to be had; none: all is there. `had` tells
  // whether what a single manifest needs is there.
  std::optional<Error> fault_of(const Sha256Digest& digest, const IsHad& had) const;

  // What the record is to say. A tag whose new manifest cannot be had whole stays at its old one; a
  // manifest stays that nothing leads to any longer, until `keep` microseconds have passed; what
  // refers to a manifest that stays, stays with it.
  OciState settle(const IsHad& had, std::int64_t now, std::int64_t keep) const;

 private:
  void reach(const Sha256Digest& digest, std::set<Sha256Digest>& live) const;
};

}  // namespace sluice::low
