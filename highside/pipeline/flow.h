// What passes between the stages of the high side:
//
//   DatagramSource → receive → RecoveredBlock → assemble → VerifiedBlob, VerifiedShipment → commit
//   → catalog → CatalogReader → mirrors
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/strong.h"
#include "common/store/blob_store.h"
#include "common/wire/announce.h"
#include "common/wire/block.h"
#include "sluice/shipment.pb.h"

namespace sluice::high {

// Only Stage can make one.
template <class Stage>
class PassKey {
  friend Stage;
  PassKey() = default;
};

class Assembler;  // assemble/

// A block whose symbols were authentic; its signature has not been checked yet.
struct RecoveredBlock {
  std::string stream;
  wire::BlockPlace place;
  Bytes bytes;
};

// Blocks [first, first + count) of a lane that can no longer be recovered.
struct LostBlocks {
  std::string stream;
  wire::BlockPlace first;
  std::uint64_t count = 0;
};

// Where receive hands over. Called from its worker thread; block() may wait, which fills the
// receive ring and then the kernel's buffer: that is the back pressure, and the kernel's drops are
// counted.
class BlockConsumer {
 public:
  virtual ~BlockConsumer() = default;
  virtual void block(RecoveredBlock block) = 0;
  // Memory of a block that it has done with, to be used again: fresh memory costs its page faults
  // and its zeros, 0.3 ns a byte. Empty: there is none.
  virtual Bytes spare_block() { return {}; }
  virtual void lost(const LostBlocks& lost) = 0;
  virtual void heartbeat(const std::string& stream, const wire::Heartbeat& heartbeat,
                         UtcTime arrived) = 0;
};

// Its bytes were hashed after they arrived, and the digests are those that were signed for.
class VerifiedBlob {
 public:
  VerifiedBlob(PassKey<Assembler>, store::NewBlob blob) : blob_(std::move(blob)) {}
  const store::NewBlob& blob() const { return blob_; }
  store::NewBlob release() && { return std::move(blob_); }

 private:
  store::NewBlob blob_;
};

// Its manifest was signed by the stream's key.
class VerifiedShipment {
 public:
  VerifiedShipment(PassKey<Assembler>, proto::Shipment shipment, Sha256Digest manifest)
      : shipment_(std::move(shipment)), manifest_(manifest) {}
  const proto::Shipment& shipment() const { return shipment_; }
  const Sha256Digest& manifest() const { return manifest_; }

 private:
  proto::Shipment shipment_;
  Sha256Digest manifest_;
};

}  // namespace sluice::high
