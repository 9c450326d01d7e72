// Chosen shipments of the spool as blocks for an export, built by the transmitter's own builder.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "lowside/media/block_feed.h"
#include "lowside/spool/spool.h"
#include "lowside/transmit/pass_builder.h"

namespace sluice::low {

// Settings under which a block is cut into the symbols of a medium's sectors.
TransmitSettings media_settings(const TransmitSettings& link, std::size_t block_bytes);

// One thread, but for give_back(). All references must outlive it.
class SpoolFeed final : public BlockFeed {
 public:
  // kNotFound names a shipment that is not held whole.
  static Result<std::unique_ptr<SpoolFeed>> open(Spool& spool, const store::BlobStore& blobs,
                                                 const crypto::SigningKey& key,
                                                 TransmitSettings settings,
                                                 std::vector<ShipmentSequence> shipments);

  Result<void> begin(SessionId session, const FeedPosition& from) override;
  Result<std::unique_ptr<FedBlock>> build() override;
  bool done() const override { return position_.shipment >= shipments_.size(); }
  FeedPosition position() const override { return position_; }
  void give_back(std::unique_ptr<FedBlock> block) override;
  const std::vector<ShipmentSequence>& shipments() const override { return shipments_; }
  std::uint64_t total_bytes() const override { return total_bytes_; }
  Result<ShipmentPapers> papers(ShipmentSequence sequence) const override;
  wire::Heartbeat heartbeat() const override;

 private:
  struct Encoded;
  // What the builder leaves out of a pass ends an export.
  class FirstFailure final : public observe::EventSink {
   public:
    void emit(observe::Level level, std::string_view name, observe::Fields fields) override;
    std::optional<Error> found;
  };

  SpoolFeed(Spool& spool, const store::BlobStore& blobs, const crypto::SigningKey& key,
            TransmitSettings settings, std::vector<ShipmentSequence> shipments)
      : spool_(spool),
        blobs_(blobs),
        key_(key),
        settings_(std::move(settings)),
        shipments_(std::move(shipments)) {}

  Spool& spool_;
  const store::BlobStore& blobs_;
  const crypto::SigningKey& key_;
  const TransmitSettings settings_;
  const std::vector<ShipmentSequence> shipments_;
  std::uint64_t total_bytes_ = 0;
  observe::Counters counters_;  // what the builder counts is not the link's
  FirstFailure failure_;
  CompressionGate compression_;  // always open: a medium waits for no wire
  std::unique_ptr<PassBuilder> builder_;
  BlockNumber next_;
  FeedPosition position_;
  std::vector<std::unique_ptr<FedBlock>> spare_;
};

}  // namespace sluice::low
