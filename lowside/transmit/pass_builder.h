// Turns one pass of a shipment into signed, erasure-coded blocks: the notice, the manifest, the
// blobs in their order, and the notice again. Many small blobs share a block.
#pragma once

#include <memory>

#include "common/base/hasher.h"
#include "common/crypto/keys.h"
#include "common/fec/block_code.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "common/store/blob_store.h"
#include "lowside/pipeline/outbox.h"
#include "lowside/transmit/compression_gate.h"
#include "lowside/transmit/encoded_block.h"
#include "lowside/transmit/settings.h"

namespace sluice::low {

// One thread. All references must outlive it.
class PassBuilder {
 public:
  PassBuilder(const TransmitSettings& settings, SessionId session, const store::BlobStore& blobs,
              const crypto::SigningKey& key, const CompressionGate& compression,
              observe::Counters& counters, observe::EventSink& events);

  void begin(OutgoingPass pass) { begin_at(std::move(pass), 0, 0); }
  // From the middle: of item `item` (0 is the manifest, n blob n - 1) from `offset` on.
  void begin_at(OutgoingPass pass, std::size_t item, std::uint64_t offset);
  // Everything of the pass is in blocks that build() has filled.
  bool done() const { return done_; }
  std::uint64_t total_bytes() const;  // of the manifest and the blobs

  // Fills `block` with what comes next. Not when done().
  //
  // A blob that the spool cannot give is counted, reported as an event and left out: the others
  // still cross, and the high side names what is missing. One whose bytes do not have its digest is
  // counted and reported too, in every pass but its shipment's first; the high side drops it.
  void build(LaneId lane, BlockNumber number, EncodedBlock& block);
  // What build() does, in its two halves, for who puts several passes into one block: takes as much
  // of the pass as fits a block that has room; then signs and protects.
  void add_to(EncodedBlock& block) { fill(block); }
  void close(LaneId lane, BlockNumber number, EncodedBlock& block);
  // Where the next block begins, unless done().
  std::size_t item() const { return item_; }
  std::uint64_t offset() const { return offset_; }

  // A block that was built for another lane, which fails.
  void rebuild(LaneId lane, BlockNumber number, EncodedBlock& block);

 private:
  struct Item {
    Sha256Digest digest;
    std::uint64_t size = 0;
  };

  void fill(EncodedBlock& block);
  void protect(EncodedBlock& block);
  // Adds the next part; false when the block should be finished first.
  bool add_part(EncodedBlock& block);
  Result<void> read_into(wire::BlockWriter& writer, std::size_t bytes);
  Result<void> open_current();
  void leave_out(const Error& error, EncodedBlock& block);
  bool checked() const;
  void check_digest();
  void next_item();

  const TransmitSettings& settings_;
  SessionId session_;
  const store::BlobStore& blobs_;
  const crypto::SigningKey& key_;
  const CompressionGate& compression_;
  observe::Counters& counters_;
  observe::EventSink& events_;
  fec::Encoder encoder_;

  OutgoingPass pass_;
  wire::ShipmentNotice notice_;
  bool done_ = true;
  bool begun_ = false;    // the front notice is in a block
  std::size_t item_ = 0;  // 0: the manifest; n: blob n - 1
  Item current_;          // while `open_`
  bool open_ = false;
  std::uint64_t offset_ = 0;
  std::uint64_t begin_offset_ = 0;             // of the item that is opened next
  bool partial_ = false;                       // the current one was begun in its middle
  Hasher hasher_{DigestAlgorithm::kSha256};    // of the current one so far
  std::unique_ptr<store::BlobReader> reader_;  // null for the manifest
};

}  // namespace sluice::low
