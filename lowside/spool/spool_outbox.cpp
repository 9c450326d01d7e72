// The transmitter's and the operators' side of the spool.
#include <algorithm>

#include "lowside/spool/spool.h"
#include "lowside/spool/spool_state.h"
#include "sluice/wire.pb.h"

namespace sluice::low {
namespace {

using store::Batch;
using store::Family;

std::string name_of(ShipmentSequence sequence) {
  return "shipment " + std::to_string(sequence.value());
}

bool waits_already(const proto::SpooledPasses& passes) {
  return std::ranges::any_of(passes.outstanding(), [](const proto::SpooledPass& pass) {
    return pass.asked() || pass.number() == 0;
  });
}

}  // namespace

Result<proto::Shipment> Spool::manifest(ShipmentSequence sequence, std::string& bytes) const {
  SLUICE_TRY(auto stored, parts_.index.get(Family::kShipments, spool_keys::manifest(sequence)));
  proto::SignedEnvelope envelope;
  proto::Shipment shipment;
  if (!stored || !envelope.ParseFromString(*stored) ||
      !shipment.ParseFromString(envelope.payload())) {
    return Error{ErrorCode::kIntegrity, name_of(sequence),
                 "its manifest is missing or unreadable in " + settings_.folder.string(),
                 "restore the spool from a backup"};
  }
  bytes = *std::move(stored);
  return shipment;
}

Result<std::optional<OutgoingPass>> Spool::next_due(UtcTime now) {
  const std::lock_guard lock(mutex_);
  if (!unsaved_.empty()) {
    static_cast<void>(save(Batch{}));  // there may be space again; else they wait on
  }
  const auto planned = schedule_.next(now);
  if (!planned) {
    return std::optional<OutgoingPass>();
  }
  std::string bytes;
  SLUICE_TRY(const proto::Shipment shipment, manifest(planned->sequence, bytes));
  const ByteView view = as_bytes(bytes);
  OutgoingPass pass{planned->sequence, planned->number, Bytes(view.begin(), view.end()), {}};
  pass.blobs.reserve(static_cast<std::size_t>(shipment.blobs_size()));
  for (const proto::Blob& blob : shipment.blobs()) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(blob.sha256()));
    SLUICE_ASSERT(digest.has_value());  // append() has read it back
    pass.blobs.push_back({*digest, blob.size()});
  }
  return std::optional(std::move(pass));
}

Result<void> Spool::mark_sent(ShipmentSequence sequence, std::uint32_t pass, UtcTime now) {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(proto::SpooledPasses passes, this->passes(sequence));
  auto& outstanding = *passes.mutable_outstanding();
  const auto sent = std::ranges::find(outstanding, pass, &proto::SpooledPass::number);
  if (sent == outstanding.end()) {
    return Error{ErrorCode::kInvalid, name_of(sequence),
                 "has no pass " + std::to_string(pass) + " outstanding", ""};
  }
  proto::SpooledPass done;
  done.Swap(&*sent);
  outstanding.erase(sent);
  passes.set_sent(passes.sent() + 1);
  passes.set_last_sent_micros(to_unix_micros(now));
  std::vector<proto::SpooledPass> planned;
  for (std::size_t i = 1; pass == 0 && i < settings_.passes.size(); ++i) {
    proto::SpooledPass& repeat = *passes.add_outstanding();
    repeat.set_number(passes.next_number());
    repeat.set_due_micros(to_unix_micros(now + settings_.passes[i]));
    passes.set_next_number(passes.next_number() + 1);
    planned.push_back(repeat);
  }
  Batch batch;
  batch.put(Family::kShipments, spool_keys::passes(sequence), passes.SerializeAsString());
  if (auto written = write(batch); !written) {
    if (written.error().code != ErrorCode::kExhausted) {
      return written;
    }
    unsaved_.insert_or_assign(sequence, std::move(passes));
  }
  schedule_.remove(sequence, done);
  for (const proto::SpooledPass& repeat : planned) {
    schedule_.add(sequence, repeat);
  }
  highest_sent_ = std::max(highest_sent_, sequence);
  show_gauges();
  return {};
}

Result<void> Spool::check_held(const SequenceRange& range) const {
  if (range.last >= next_) {
    return Error{ErrorCode::kNotFound, name_of(std::max(range.first, next_)),
                 "was never made; the last is " + std::to_string(next_.value() - 1),
                 "check the numbers"};
  }
  if (range.first < oldest()) {
    return Error{ErrorCode::kNotFound, name_of(range.first),
                 "is no longer held; the oldest is " + std::to_string(oldest().value()),
                 "let its source be polled anew, and keep more (spool.keep_for, spool.keep_bytes) "
                 "next time"};
  }
  return {};
}

Result<std::uint64_t> Spool::resend(const std::vector<SequenceRange>& ranges) {
  const std::lock_guard lock(mutex_);
  for (const SequenceRange& range : ranges) {
    SLUICE_TRY_VOID(check_held(range));
  }
  Batch batch;
  std::map<ShipmentSequence, proto::SpooledPass> planned;
  for (const SequenceRange& range : ranges) {
    for (ShipmentSequence at = range.first; at <= range.last; at = at.next()) {
      SLUICE_TRY(proto::SpooledPasses passes, this->passes(at));
      if (planned.contains(at) || waits_already(passes)) {
        continue;
      }
      proto::SpooledPass& asked = *passes.add_outstanding();
      asked.set_number(passes.next_number());
      asked.set_due_micros(to_unix_micros(parts_.clock.utc_now()));
      asked.set_asked(true);
      passes.set_next_number(passes.next_number() + 1);
      planned.emplace(at, asked);
      batch.put(Family::kShipments, spool_keys::passes(at), passes.SerializeAsString());
    }
  }
  SLUICE_TRY_VOID(write(batch));
  for (const auto& [sequence, pass] : planned) {
    schedule_.add(sequence, pass);
  }
  show_gauges();
  return planned.size();
}

Result<ShipmentStatus> Spool::status(ShipmentSequence sequence,
                                     const proto::SpooledShipment& summary) const {
  SLUICE_TRY(const proto::SpooledPasses passes, this->passes(sequence));
  ShipmentStatus status;
  status.sequence = sequence;
  status.source = summary.source();
  status.created = from_unix_micros(summary.created_micros());
  status.bytes = summary.manifest_bytes() + summary.blob_bytes();
  status.blobs = summary.blobs();
  status.records = summary.records();
  status.passes_sent = passes.sent();
  if (passes.sent() > 0) {
    status.last_sent = from_unix_micros(passes.last_sent_micros());
  }
  for (const proto::SpooledPass& pass : passes.outstanding()) {
    status.outstanding.push_back(
        {pass.number(), from_unix_micros(pass.due_micros()), pass.asked()});
  }
  return status;
}

Result<std::optional<ShipmentStatus>> Spool::describe(ShipmentSequence sequence) const {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(const auto summary,
             read_stored<proto::SpooledShipment>(parts_.index, Family::kShipments,
                                                 spool_keys::summary(sequence)));
  if (!summary) {
    return std::optional<ShipmentStatus>();
  }
  SLUICE_TRY(ShipmentStatus found, status(sequence, *summary));
  return std::optional(std::move(found));
}

Result<void> Spool::list(ShipmentSequence from,
                         const std::function<bool(const ShipmentStatus&)>& each) const {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      const auto at = held_.lower_bound(from);
      if (at == held_.end()) {
        return {};
      }
      from = at->first;
    }
    SLUICE_TRY(const auto found, describe(from));
    if (found && !each(*found)) {
      return {};
    }
    from = from.next();
  }
}

}  // namespace sluice::low
