// append(): a proposal becomes the next shipment.
#include "common/base/limits.h"
#include "common/wire/manifest.h"
#include "lowside/spool/spool.h"
#include "lowside/spool/spool_state.h"

namespace sluice::low {
namespace {

using store::Batch;
using store::Family;

// What the envelope adds is a signature, a key's id and their headers: far less than this.
constexpr std::uint64_t kEnvelopeBytes = 1024;

std::string name_of(const proto::Record& record) {
  return record.ecosystem() + " " + record.document();
}

Error too_large(const std::string& source, const std::string& what) {
  return {ErrorCode::kRefused, "source " + source, "its shipment would have " + what,
          "divide its want-list among several sources"};
}

}  // namespace

Result<std::optional<ShipmentSequence>> Spool::append(const std::string& source,
                                                      const Proposal& proposal,
                                                      const Along& along) {
  SLUICE_TRY_VOID(has_room());
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(auto known, read_stored<proto::SpooledSource>(parts_.index, Family::kMeta,
                                                           spool_keys::source(source)));
  proto::SpooledSource state = known.value_or(proto::SpooledSource());
  if (proposal.records.empty()) {
    Batch batch;
    along(std::nullopt, batch);
    if (!known || state.cursor() != proposal.cursor) {
      state.set_cursor(proposal.cursor);
      batch.put(Family::kMeta, spool_keys::source(source), state.SerializeAsString());
    }
    if (!batch.empty()) {
      SLUICE_TRY_VOID(write(batch));
    }
    return std::optional<ShipmentSequence>();
  }
  SLUICE_TRY(const proto::Shipment shipment,
             make_shipment(source, proposal, state.last_sequence(), parts_.clock.utc_now()));
  SLUICE_TRY(const Bytes manifest, sign(shipment));
  proto::SpooledPasses passes;
  Batch batch = shipment_batch(shipment, manifest, passes);
  state.set_cursor(proposal.cursor);
  state.set_last_sequence(next_.value());
  batch.put(Family::kMeta, spool_keys::source(source), state.SerializeAsString());
  along(next_, batch);
  SLUICE_TRY_VOID(write(batch));

  const ShipmentSequence made = next_;
  next_ = next_.next();
  std::uint64_t bytes = manifest.size();
  for (const proto::Blob& blob : shipment.blobs()) {
    bytes += blob.size();
  }
  held_.emplace(made, bytes);
  held_bytes_ += bytes;
  schedule_.add(made, passes.outstanding(0));
  ++changes_;
  parts_.counters.add(observe::Metric::kSpoolShipments);
  show_gauges();
  return std::optional(made);
}

Result<Spool::Preview> Spool::preview(const std::string& source, const Proposal& proposal) const {
  const std::lock_guard lock(mutex_);
  Preview preview;
  if (proposal.records.empty()) {
    return preview;
  }
  SLUICE_TRY(const auto state, read_stored<proto::SpooledSource>(parts_.index, Family::kMeta,
                                                                 spool_keys::source(source)));
  const std::uint64_t previous = state ? state->last_sequence() : 0;
  SLUICE_TRY(const proto::Shipment shipment,
             make_shipment(source, proposal, previous, parts_.clock.utc_now()));
  SLUICE_TRY(const Bytes manifest, sign(shipment));
  preview.bytes = manifest.size();
  for (const proto::Blob& blob : shipment.blobs()) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(blob.sha256()));
    SLUICE_ASSERT(digest.has_value());  // sign() has read it back
    preview.blobs.insert(*digest);
    preview.bytes += blob.size();
  }
  return preview;
}

Result<proto::Shipment> Spool::make_shipment(const std::string& source, const Proposal& proposal,
                                             std::uint64_t previous, UtcTime now) const {
  if (proposal.records.size() > limits::kMaxRecordsPerShipment) {
    return too_large(source, std::to_string(proposal.records.size()) + " records, more than " +
                                 std::to_string(limits::kMaxRecordsPerShipment));
  }
  proto::Shipment shipment;
  shipment.set_stream(settings_.stream);
  shipment.set_sequence(next_.value());
  shipment.set_created_micros(to_unix_micros(now));
  shipment.set_source(source);
  if (previous != 0) {
    shipment.add_after(previous);
  }
  std::set<Sha256Digest> seen;
  for (const proto::Record& record : proposal.records) {
    SLUICE_TRY_VOID(add_blobs(record, seen, shipment));
    *shipment.add_records() = record;
  }
  if (static_cast<std::size_t>(shipment.blobs_size()) > limits::kMaxBlobsPerShipment) {
    return too_large(source, std::to_string(shipment.blobs_size()) + " blobs, more than " +
                                 std::to_string(limits::kMaxBlobsPerShipment));
  }
  return shipment;
}

// Those that `record` names and no held shipment carries with all their aliases.
Result<void> Spool::add_blobs(const proto::Record& record, std::set<Sha256Digest>& seen,
                              proto::Shipment& shipment) const {
  for (const std::string& name : record.blobs()) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(name));
    if (!digest) {
      return Error{ErrorCode::kInvalid, name_of(record), "names a blob by what is no SHA-256", ""};
    }
    if (!seen.insert(*digest).second) {
      continue;
    }
    SLUICE_TRY(const auto held, read_stored<proto::SpooledBlob>(parts_.index, Family::kShipments,
                                                                spool_keys::held_blob(*digest)));
    SLUICE_TRY(const auto there, parts_.blobs.find(*digest));
    if (!held || !there) {
      return Error{ErrorCode::kNotFound, "blob " + digest->hex(),
                   "is named by " + name_of(record) + ", but the spool does not hold it",
                   "poll again: it is fetched anew"};
    }
    SLUICE_TRY(const auto carrier,
               read_stored<proto::SpooledCarrier>(parts_.index, Family::kShipments,
                                                  spool_keys::carrier(*digest)));
    if (!carrier || carrier->again()) {
      *shipment.add_blobs() = held->blob();
    }
  }
  return {};
}

// The manifest, after checking it as the high side will: what it would refuse must not be sent.
Result<Bytes> Spool::sign(const proto::Shipment& shipment) const {
  if (shipment.ByteSizeLong() + kEnvelopeBytes > limits::kMaxManifestBytes) {
    return too_large(shipment.source(), "a manifest of " + std::to_string(shipment.ByteSizeLong()) +
                                            " bytes, more than " +
                                            std::to_string(limits::kMaxManifestBytes));
  }
  Bytes bytes = wire::sign_manifest(shipment, parts_.key);
  if (auto read = wire::read_manifest(bytes, parts_.key.verify_key()); !read) {
    Error error = std::move(read).error();
    error.thing = "source " + shipment.source() + ": " + error.thing;
    return error;
  }
  return bytes;
}

Batch Spool::shipment_batch(const proto::Shipment& shipment, const Bytes& manifest,
                            proto::SpooledPasses& passes) const {
  const ShipmentSequence sequence(shipment.sequence());
  proto::SpooledShipment summary;
  summary.set_source(shipment.source());
  summary.set_created_micros(shipment.created_micros());
  summary.set_manifest_bytes(manifest.size());
  summary.set_blobs(static_cast<std::uint32_t>(shipment.blobs_size()));
  summary.set_records(static_cast<std::uint32_t>(shipment.records_size()));
  proto::SpooledCarrier carrier;
  carrier.set_sequence(sequence.value());
  Batch batch;
  std::uint64_t blob_bytes = 0;
  for (const proto::Blob& blob : shipment.blobs()) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(blob.sha256()));
    SLUICE_ASSERT(digest.has_value());  // sign() has read it back
    blob_bytes += blob.size();
    batch.put(Family::kShipments, spool_keys::carrier(*digest), carrier.SerializeAsString());
  }
  summary.set_blob_bytes(blob_bytes);
  passes.set_next_number(1);
  passes.add_outstanding()->set_due_micros(shipment.created_micros());
  std::string next;
  store::append_u64(next, sequence.next().value());
  batch.put(Family::kShipments, spool_keys::manifest(sequence), std::string(as_text(manifest)));
  batch.put(Family::kShipments, spool_keys::summary(sequence), summary.SerializeAsString());
  batch.put(Family::kShipments, spool_keys::passes(sequence), passes.SerializeAsString());
  batch.put(Family::kMeta, std::string(spool_keys::kNext), std::move(next));
  return batch;
}

}  // namespace sluice::low
