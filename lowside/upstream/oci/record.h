// One repository's state as a record.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lowside/upstream/oci/image_graph.h"

namespace sluice::low {

struct OciRecord {
  proto::Record record;
  std::vector<proto::Blob> blobs;  // what it names, each once
};

// `blobs`: by digest, what the manifests of `state` need; all of it must be there, and in the
// graph's nodes. The same state gives the same bytes.
OciRecord make_oci_record(const std::string& document, const OciGraph& graph, const OciState& state,
                          const std::map<Sha256Digest, std::optional<proto::Blob>>& blobs);

}  // namespace sluice::low
