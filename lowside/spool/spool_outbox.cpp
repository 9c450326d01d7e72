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

std::optional<PassName> Spool::planned(UtcTime now, Urgency urgency, const PassNames& under_way) {
  switch (urgency) {
    case Urgency::kFresh:
      return schedule_.next_fresh(under_way);
    case Urgency::kRepeat:
      return schedule_.next_repeat(now, under_way);
    case Urgency::kResend:
      if (const auto next = asked_.next(under_way)) {
        return PassName{*next, 0};
      }
      return std::nullopt;
    case Urgency::kCarousel:
      if (const auto next = carousel_.next(oldest(), highest_sent_, now, under_way)) {
        return PassName{*next, 0};
      }
      return std::nullopt;
  }
  return std::nullopt;
}

Result<std::optional<OutgoingPass>> Spool::next_due(UtcTime now, Urgency urgency,
                                                    const PassNames& under_way) {
  const std::lock_guard lock(mutex_);
  if (!unsaved_.empty() || asked_unsaved_) {
    static_cast<void>(save(Batch{}));  // there may be space again; else they wait on
  }
  for (;;) {
    const auto next = planned(now, urgency, under_way);
    if (!next) {
      return std::optional<OutgoingPass>();
    }
    SLUICE_TRY(OutgoingPass pass, outgoing(*next, urgency));
    if (urgency == Urgency::kResend && !refetched_.contains(next->sequence)) {
      SLUICE_TRY(const bool lacks, lacks_blobs(pass));
      if (lacks) {
        SLUICE_TRY_VOID(put_off(next->sequence));
        continue;
      }
    }
    return std::optional(std::move(pass));
  }
}

Result<OutgoingPass> Spool::outgoing(const PassName& next, Urgency urgency) {
  std::uint32_t number = next.pass;
  if (urgency == Urgency::kResend || urgency == Urgency::kCarousel) {
    number = 1;  // of what was dropped nobody knows any more
    if (next.sequence >= oldest()) {
      SLUICE_TRY(const proto::SpooledPasses passes, this->passes(next.sequence));
      number = passes.next_number();
    }
  }
  std::string bytes;
  SLUICE_TRY(const proto::Shipment shipment, manifest(next.sequence, bytes));
  const ByteView view = as_bytes(bytes);
  OutgoingPass pass{next.sequence, number, Bytes(view.begin(), view.end()), {}, urgency};
  pass.blobs.reserve(static_cast<std::size_t>(shipment.blobs_size()));
  for (const proto::Blob& blob : shipment.blobs()) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(blob.sha256()));
    SLUICE_ASSERT(digest.has_value());  // append() has read it back
    pass.blobs.push_back({*digest, blob.size()});
  }
  return pass;
}

Result<void> Spool::mark_sent(ShipmentSequence sequence, std::uint32_t pass, Urgency urgency,
                              UtcTime now) {
  const std::lock_guard lock(mutex_);
  Result<void> marked;
  switch (urgency) {
    case Urgency::kFresh:
    case Urgency::kRepeat:
      marked = mark_planned(sequence, pass, now);
      break;
    case Urgency::kResend:
      marked = mark_asked(sequence, pass, now);
      break;
    case Urgency::kCarousel:
      mark_carousel(sequence);
      break;
  }
  ++changes_;
  show_gauges();
  return marked;
}

// False: the disk is full, and `passes` are kept in memory.
Result<bool> Spool::write_or_remember(ShipmentSequence sequence, proto::SpooledPasses passes,
                                      Batch batch) {
  batch.put(Family::kShipments, spool_keys::passes(sequence), passes.SerializeAsString());
  const auto written = write(batch);
  if (!written && written.error().code == ErrorCode::kExhausted) {
    unsaved_.insert_or_assign(sequence, std::move(passes));
    return false;
  }
  SLUICE_TRY_VOID(written);
  return true;
}

Result<void> Spool::mark_planned(ShipmentSequence sequence, std::uint32_t pass, UtcTime now) {
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
  SLUICE_TRY_VOID(write_or_remember(sequence, std::move(passes), Batch{}));
  schedule_.remove(sequence, done);
  for (const proto::SpooledPass& repeat : planned) {
    schedule_.add(sequence, repeat);
  }
  highest_sent_ = std::max(highest_sent_, sequence);
  return {};
}

Result<void> Spool::mark_asked(ShipmentSequence sequence, std::uint32_t pass, UtcTime now) {
  if (!asked_.contains(sequence)) {
    return Error{ErrorCode::kInvalid, name_of(sequence), "was not asked for", ""};
  }
  refetched_.erase(sequence);
  if (sequence < oldest()) {
    Asked left = asked_;
    left.remove(sequence);
    return save_asked(std::move(left), refetch_);
  }
  SLUICE_TRY(proto::SpooledPasses passes, this->passes(sequence));
  auto& outstanding = *passes.mutable_outstanding();
  outstanding.erase(std::remove_if(outstanding.begin(), outstanding.end(),
                                   [](const proto::SpooledPass& one) { return one.asked(); }),
                    outstanding.end());
  passes.set_next_number(std::max(passes.next_number(), pass + 1));
  passes.set_sent(passes.sent() + 1);
  passes.set_last_sent_micros(to_unix_micros(now));
  Asked left = asked_;
  left.remove(sequence);
  Batch batch;
  batch.put(Family::kMeta, std::string(spool_keys::kAsked), left.stored().SerializeAsString());
  SLUICE_TRY(const bool saved, write_or_remember(sequence, std::move(passes), std::move(batch)));
  asked_ = std::move(left);
  asked_unsaved_ = asked_unsaved_ || !saved;
  return {};
}

// Not synced, and a failure is not told: what a crash forgets of a round is sent once more.
void Spool::mark_carousel(ShipmentSequence sequence) {
  carousel_.passed(sequence);
  Batch batch;
  batch.put(Family::kMeta, std::string(spool_keys::kCarousel),
            carousel_.stored().SerializeAsString());
  static_cast<void>(parts_.index.write(batch, store::Durability::kUnsynced));
}

Result<void> Spool::check_held(const SequenceRange& range) const {
  if (range.last >= next_) {
    return Error{ErrorCode::kNotFound, name_of(std::max(range.first, next_)),
                 "was never made; the last is " + std::to_string(next_.value() - 1),
                 "check the numbers"};
  }
  const ShipmentSequence known = dropped_.empty() ? oldest() : dropped_.begin()->first;
  if (range.first < known) {
    return Error{
        ErrorCode::kNotFound, name_of(range.first),
        "is no longer held, nor its manifest; the oldest is " + std::to_string(known.value()),
        "let its source be polled anew, and keep more (spool.keep_for, spool.keep_bytes, "
        "spool.keep_manifests) next time"};
  }
  return {};
}

Result<std::uint64_t> Spool::resend(const std::vector<SequenceRange>& ranges) {
  const std::lock_guard lock(mutex_);
  Asked asked = asked_;
  Asked refetch = refetch_;
  std::uint64_t planned = 0;
  for (const SequenceRange& range : ranges) {
    SLUICE_TRY_VOID(check_held(range));
    if (range.first < oldest()) {
      const ShipmentSequence before(oldest().value() - 1);
      const SequenceRange gone{range.first, std::min(range.last, before)};
      planned += refetch.add(gone);
    }
    if (range.last >= oldest()) {
      const SequenceRange held{std::max(range.first, oldest()), range.last};
      planned += asked.add(held);
      for (const ShipmentSequence fresh : schedule_.fresh_among(held.first, held.last)) {
        asked.remove(fresh);  // it is sent anyway, and before
        --planned;
      }
    }
  }
  if (asked.ranges() + refetch.ranges() > kMaxAskedRanges) {
    return Error{ErrorCode::kRefused, "resend",
                 "more than " + std::to_string(kMaxAskedRanges) + " ranges would wait to be sent",
                 "ask again when some have been sent, or for sluice-low resend all"};
  }
  SLUICE_TRY_VOID(save_asked(std::move(asked), std::move(refetch)));
  return planned;
}

Result<std::uint64_t> Spool::resend_all() {
  const std::lock_guard lock(mutex_);
  Carousel begun = carousel_;
  begun.begin(oldest(), highest_sent_, parts_.clock.utc_now());
  Batch batch;
  batch.put(Family::kMeta, std::string(spool_keys::kCarousel), begun.stored().SerializeAsString());
  SLUICE_TRY_VOID(write(batch));
  carousel_ = begun;
  ++changes_;
  show_gauges();
  return carousel_.left(oldest());
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
    if (!pass.asked()) {
      status.outstanding.push_back({pass.number(), from_unix_micros(pass.due_micros()), false});
    }
  }
  if (asked_.contains(sequence) || refetch_.contains(sequence)) {
    status.outstanding.push_back({passes.next_number(), parts_.clock.utc_now(), true});
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
