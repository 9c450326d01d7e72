// Where admitted bytes go: the spool.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "common/base/error.h"
#include "lowside/pipeline/files.h"
#include "sluice/shipment.pb.h"

namespace sluice::low {

// Callable from any thread.
class BlobKeeper {
 public:
  virtual ~BlobKeeper() = default;

  // The blob is durable when they return, with what is said of it, which is what they return. What
  // inspect found is among its evidence (media_type.h). The staging file is gone; on failure it is
  // still there. kExhausted: the disk is full.
  virtual Result<proto::Blob> take(const AdmittedFile& file) = 0;
  // Bytes that were made here from verified ones.
  virtual Result<proto::Blob> take_made(const std::string& name, std::string_view bytes,
                                        const std::vector<DigestAlgorithm>& aliases,
                                        const std::vector<Evidence>& evidence) = 0;
  // By any of its digests.
  virtual Result<std::optional<proto::Blob>> held(const Digest& digest) = 0;
};

}  // namespace sluice::low
