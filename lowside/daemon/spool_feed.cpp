#include "lowside/daemon/spool_feed.h"

#include "common/media/group_head.h"
#include "common/wire/datagram.h"

namespace sluice::low {
namespace {

// A datagram of one sector, over IPv4.
constexpr std::size_t kMtu = media::kSectorBytes + 28;
// Below this room the next shipment begins with the next block.
constexpr std::size_t kRoomForAnother = std::size_t{16} << 10;

}  // namespace

TransmitSettings media_settings(const TransmitSettings& link, std::size_t block_bytes) {
  TransmitSettings settings = link;
  settings.mtu = kMtu;
  settings.ipv6 = false;
  settings.data_symbols = media::kDataSymbols;
  settings.parity_symbols = media::kParitySymbols;
  settings.block_bytes = block_bytes;
  SLUICE_ASSERT(settings.geometry(block_bytes).symbol_bytes == media::kSymbolBytes);
  return settings;
}

struct SpoolFeed::Encoded final : FedBlock {
  explicit Encoded(const TransmitSettings& settings) : block(settings) {}
  const fec::Geometry& geometry() const override { return block.geometry; }
  ByteView symbol(std::uint32_t ordinal) const override { return block.symbol(ordinal); }
  EncodedBlock block;
};

void SpoolFeed::FirstFailure::emit(observe::Level /*level*/, std::string_view /*name*/,
                                   observe::Fields fields) {
  if (found) {
    return;
  }
  Error error{ErrorCode::kIntegrity, "", "", ""};
  for (auto& [key, value] : fields) {
    if (key == "thing") {
      error.thing = std::move(value);
    } else if (key == "cause") {
      error.cause = std::move(value);
    } else if (key == "cure") {
      error.cure = std::move(value);
    }
  }
  found = std::move(error);
}

Result<std::unique_ptr<SpoolFeed>> SpoolFeed::open(Spool& spool, const store::BlobStore& blobs,
                                                   const crypto::SigningKey& key,
                                                   TransmitSettings settings,
                                                   std::vector<ShipmentSequence> shipments) {
  std::unique_ptr<SpoolFeed> feed(
      new SpoolFeed(spool, blobs, key, std::move(settings), std::move(shipments)));
  for (const ShipmentSequence sequence : feed->shipments_) {
    SLUICE_TRY(const OutgoingPass pass, spool.pass_of(sequence));
    feed->total_bytes_ += pass.manifest.size();
    for (const OutgoingBlob& blob : pass.blobs) {
      feed->total_bytes_ += blob.size;
    }
  }
  return feed;
}

Result<void> SpoolFeed::begin(SessionId session, const FeedPosition& from) {
  builder_ = std::make_unique<PassBuilder>(settings_, session, blobs_, key_, compression_,
                                           counters_, failure_);
  next_ = BlockNumber(0);
  position_ = from;
  if (!done()) {
    SLUICE_TRY(OutgoingPass pass, spool_.pass_of(shipments_[from.shipment]));
    builder_->begin_at(std::move(pass), from.item, from.offset);
  }
  return {};
}

Result<std::unique_ptr<FedBlock>> SpoolFeed::build() {
  SLUICE_ASSERT(builder_ != nullptr && !done());
  if (spare_.empty()) {
    spare_.push_back(std::make_unique<Encoded>(settings_));
  }
  std::unique_ptr<FedBlock> fed = std::move(spare_.back());
  spare_.pop_back();
  EncodedBlock& block = static_cast<Encoded&>(*fed).block;
  for (;;) {
    builder_->add_to(block);
    if (failure_.found) {
      return *std::move(failure_.found);
    }
    if (!builder_->done()) {
      position_.item = builder_->item();
      position_.offset = builder_->offset();
      break;
    }
    position_ = {position_.shipment + 1, 0, 0};
    if (done()) {
      break;
    }
    SLUICE_TRY(OutgoingPass pass, spool_.pass_of(shipments_[position_.shipment]));
    builder_->begin_at(std::move(pass), 0, 0);
    if (block.writer.room() < kRoomForAnother) {
      break;
    }
  }
  builder_->close(LaneId(0), next_, block);
  next_ = next_.next();
  return fed;
}

void SpoolFeed::give_back(std::unique_ptr<FedBlock> block) { spare_.push_back(std::move(block)); }

Result<ShipmentPapers> SpoolFeed::papers(ShipmentSequence sequence) const {
  SLUICE_TRY(const proto::Shipment shipment, spool_.shipment(sequence));
  ShipmentPapers papers;
  for (const std::uint64_t before : shipment.after()) {
    papers.after.emplace_back(before);
  }
  for (const proto::Blob& blob : shipment.blobs()) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(blob.sha256()));
    SLUICE_ASSERT(digest.has_value());  // the spool has read it back
    papers.contents.push_back({.shipment = sequence.value(),
                               .source = shipment.source(),
                               .name = blob.name(),
                               .sha256 = *digest,
                               .bytes = blob.size(),
                               .origin = blob.origin()});
  }
  return papers;
}

// As on the link, but that what is exported counts as sent.
wire::Heartbeat SpoolFeed::heartbeat() const {
  wire::Heartbeat heartbeat;
  heartbeat.last = std::max(spool_.highest_sent(), shipments_.back());
  heartbeat.oldest = spool_.oldest_held();
  return heartbeat;
}

}  // namespace sluice::low
