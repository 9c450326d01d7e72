// Where admitted bytes go: the spool.
#pragma once

#include <optional>

#include "common/base/bytes.h"
#include "common/base/digest.h"
#include "common/base/error.h"
#include "lowside/pipeline/files.h"
#include "sluice/shipment.pb.h"

namespace sluice::low {

// Callable from any thread; calls that come together may share one group commit.
class BlobKeeper {
 public:
  virtual ~BlobKeeper() = default;

  // Durable when they return: the bytes, and `blob`, which describes them and is what held()
  // returns. A blob that is held already stays as it is. take() moves the file away, or reads and
  // removes it; on failure it is still there. kExhausted: the disk is full.
  virtual Result<void> take(const AdmittedFile& file, const proto::Blob& blob) = 0;
  virtual Result<void> take_made(Bytes bytes, const proto::Blob& blob) = 0;

  // By any of its digests.
  virtual Result<std::optional<proto::Blob>> held(const Digest& digest) = 0;
};

}  // namespace sluice::low
