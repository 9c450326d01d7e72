// The interfaces between assemble, commit and catalog, which do not know one another. The daemon
// makes one of each and joins them:
//
//   Assembler ──VerifiedBlob──> Committer (BlobSink) ──durable──> Assembler, Publisher
//       │                                                        (DurableListener)
//       ├──notice, heartbeat──> Publisher (NoticeSink)
//       └──<───read(manifest)── Publisher      (ManifestReader; it alone makes a VerifiedShipment)
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/base/strong.h"
#include "common/store/key_value_store.h"
#include "common/wire/announce.h"
#include "common/wire/block.h"
#include "highside/pipeline/flow.h"

namespace sluice::high {

// Takes verified blobs to make them durable. Callable from any thread.
class BlobSink {
 public:
  virtual ~BlobSink() = default;
  // Waits while the queue is full. False, with `blob` untouched, while the store takes nothing (its
  // disk is full) and the queue is full, or when the sink is stopping. `along` becomes durable in
  // the same instant as the blob.
  virtual bool accept(VerifiedBlob&& blob, store::Batch along) = 0;
};

// Told by the committer's thread; must not wait.
class DurableListener {
 public:
  virtual ~DurableListener() = default;
  virtual void durable(const std::vector<Sha256Digest>& blobs) = 0;
  // The store refused this one for a reason that will not go away: it has to arrive again.
  virtual void given_up(const Sha256Digest& blob) = 0;
};

// What blocks say about shipments. Called from the assembler's thread; must not wait.
class NoticeSink {
 public:
  virtual ~NoticeSink() = default;
  virtual void announced(const std::string& stream, const wire::ShipmentNotice& notice) = 0;
  virtual void heartbeat(const std::string& stream, const wire::Heartbeat& heartbeat,
                         UtcTime arrived) = 0;
};

// What the publisher asks of the assembler. Callable from any thread.
class ManifestReader {
 public:
  virtual ~ManifestReader() = default;
  // Reads a manifest that the store holds and checks its signature, stream and sequence.
  // kIntegrity, kInvalid: it is bad. Other errors: try again later.
  virtual Result<VerifiedShipment> read(const std::string& stream, ShipmentSequence sequence,
                                        const Sha256Digest& manifest) = 0;
  // The blob is awaited, with these aliases: they are computed while it arrives.
  virtual void expect(const proto::Blob& blob) = 0;
  // Bytes of a blob that is not in the store yet.
  virtual std::uint64_t bytes_held(const Sha256Digest& blob) const = 0;
};

}  // namespace sluice::high
