#include "lowside/spool/spool.h"

#include <charconv>

#include "lowside/spool/spool_state.h"

namespace sluice::low {

using store::Batch;
using store::Durability;
using store::Family;

Spool::Spool(SpoolSettings settings, Parts parts)
    : settings_(std::move(settings)),
      parts_(parts),
      reserve_(parts_.files, settings_.folder / "reserve", settings_.reserve_bytes) {
  SLUICE_ASSERT(!settings_.passes.empty() && settings_.passes.front() == std::chrono::seconds(0));
}

Result<std::unique_ptr<Spool>> Spool::open(SpoolSettings settings, Parts parts) {
  std::unique_ptr<Spool> spool(new Spool(std::move(settings), parts));
  SLUICE_TRY_VOID(spool->check_stream());
  SLUICE_TRY_VOID(spool->load());
  static_cast<void>(spool->reserve_.take());  // retain() tries again
  return spool;
}

Result<void> Spool::check_stream() {
  SLUICE_TRY(const auto stream, parts_.index.get(Family::kMeta, spool_keys::kStream));
  if (!stream) {
    Batch batch;
    batch.put(Family::kMeta, std::string(spool_keys::kStream), settings_.stream);
    return write(batch);
  }
  if (*stream != settings_.stream) {
    return Error{ErrorCode::kRefused, settings_.folder.string(),
                 "is the spool of the stream \"" + *stream + "\", not of \"" + settings_.stream +
                     "\", and its sequence numbers belong to that stream",
                 "give this stream a folder of its own, or its old name"};
  }
  return {};
}

Result<void> Spool::load() {
  SLUICE_TRY(const auto next, parts_.index.get(Family::kMeta, spool_keys::kNext));
  if (next) {
    std::string_view rest = *next;
    const auto number = store::read_u64(rest);
    if (!number || *number == 0) {
      return Error{ErrorCode::kIntegrity, settings_.folder.string(),
                   "its next sequence number is unreadable", "restore the spool from a backup"};
    }
    next_ = ShipmentSequence(*number);
  }
  Result<void> outcome;
  SLUICE_TRY_VOID(parts_.index.scan(Family::kShipments, spool_keys::kSummaries, "",
                                    [&](std::string_view key, std::string_view value) {
                                      const auto summary =
                                          parse_stored<proto::SpooledShipment>(value);
                                      if (!summary) {
                                        outcome = summary.error();
                                        return false;
                                      }
                                      const std::uint64_t bytes =
                                          summary->manifest_bytes() + summary->blob_bytes();
                                      held_.emplace(spool_keys::sequence(key), bytes);
                                      held_bytes_ += bytes;
                                      return true;
                                    }));
  SLUICE_TRY_VOID(outcome);
  // Everything before the oldest that is held was sent, else it would be held.
  highest_sent_ = ShipmentSequence(oldest().value() - 1);
  SLUICE_TRY_VOID(parts_.index.scan(Family::kShipments, spool_keys::kPasses, "",
                                    [&](std::string_view key, std::string_view value) {
                                      const auto read = parse_stored<proto::SpooledPasses>(value);
                                      if (!read) {
                                        outcome = read.error();
                                        return false;
                                      }
                                      const ShipmentSequence sequence = spool_keys::sequence(key);
                                      if (read->sent() > 0) {
                                        highest_sent_ = std::max(highest_sent_, sequence);
                                      }
                                      for (const proto::SpooledPass& pass : read->outstanding()) {
                                        if (pass.asked()) {
                                          asked_.add({sequence, sequence});
                                        } else {
                                          schedule_.add(sequence, pass);
                                        }
                                      }
                                      return true;
                                    }));
  SLUICE_TRY_VOID(outcome);
  SLUICE_TRY_VOID(load_dropped());
  SLUICE_TRY_VOID(load_asked_and_carousel());
  show_gauges();
  return {};
}

Result<void> Spool::load_asked_and_carousel() {
  SLUICE_TRY_VOID(load_asked(spool_keys::kAsked, asked_));
  SLUICE_TRY_VOID(load_asked(spool_keys::kRefetch, refetch_));
  SLUICE_TRY(const auto carousel, read_stored<proto::SpooledCarousel>(parts_.index, Family::kMeta,
                                                                      spool_keys::kCarousel));
  if (carousel) {
    carousel_.load(*carousel);
    return {};
  }
  // The first round counts from now on; where that cannot be written, from the next start.
  proto::SpooledCarousel none;
  none.set_begun_micros(to_unix_micros(parts_.clock.utc_now()));
  carousel_.load(none);
  if (settings_.carousel.count() > 0) {
    Batch batch;
    batch.put(Family::kMeta, std::string(spool_keys::kCarousel), none.SerializeAsString());
    static_cast<void>(write(batch));
  }
  return {};
}

Result<void> Spool::load_asked(std::string_view key, Asked& asked) const {
  SLUICE_TRY(const auto stored, read_stored<proto::SpooledAsked>(parts_.index, Family::kMeta, key));
  if (stored) {
    for (const proto::SpooledRange& range : stored->ranges()) {
      if (range.first() >= 1 && range.first() <= range.last()) {
        asked.add({ShipmentSequence(range.first()), ShipmentSequence(range.last())});
      }
    }
  }
  return {};
}

Error Spool::disk_full(Error error) const {
  if (error.code == ErrorCode::kExhausted) {
    parts_.counters.add(observe::Metric::kSpoolDiskFull);
    error.thing = "spool " + settings_.folder.string();
    error.cure =
        "free space on that file system (df, df -i); polling goes on by itself, and sending never "
        "stopped";
  } else if (error.code == ErrorCode::kIo) {
    parts_.counters.add(observe::Metric::kSpoolDiskFailed);
  }
  return error;
}

// Synced, behind the marks that a full disk has kept from being written: what `batch` says of the
// same shipments is newer.
Result<void> Spool::save(const Batch& batch) {
  Batch whole;
  for (const auto& [sequence, passes] : unsaved_) {
    whole.put(Family::kShipments, spool_keys::passes(sequence), passes.SerializeAsString());
  }
  if (asked_unsaved_) {
    whole.put(Family::kMeta, std::string(spool_keys::kAsked), asked_.stored().SerializeAsString());
  }
  whole.append(batch);
  SLUICE_TRY_VOID(parts_.index.write(whole, Durability::kSynced));
  unsaved_.clear();
  asked_unsaved_ = false;
  return {};
}

Result<void> Spool::write(const Batch& batch) {
  if (auto saved = save(batch); !saved) {
    return disk_full(std::move(saved).error());
  }
  return {};
}

Result<proto::SpooledPasses> Spool::passes(ShipmentSequence sequence) const {
  if (const auto unsaved = unsaved_.find(sequence); unsaved != unsaved_.end()) {
    return unsaved->second;
  }
  SLUICE_TRY(auto stored, read_stored<proto::SpooledPasses>(parts_.index, Family::kShipments,
                                                            spool_keys::passes(sequence)));
  if (!stored) {
    return Error{ErrorCode::kNotFound, "shipment " + std::to_string(sequence.value()),
                 "is not held", ""};
  }
  return *std::move(stored);
}

Result<std::string> Spool::cursor(const std::string& source) const {
  SLUICE_TRY(const auto stored, read_stored<proto::SpooledSource>(parts_.index, Family::kMeta,
                                                                  spool_keys::source(source)));
  return stored ? stored->cursor() : std::string();
}

ShipmentSequence Spool::oldest() const { return held_.empty() ? next_ : held_.begin()->first; }

ShipmentSequence Spool::oldest_held() const {
  const std::lock_guard lock(mutex_);
  return oldest();
}

ShipmentSequence Spool::highest_made() const {
  const std::lock_guard lock(mutex_);
  return ShipmentSequence(next_.value() - 1);
}

ShipmentSequence Spool::highest_sent() const {
  const std::lock_guard lock(mutex_);
  return highest_sent_;
}

void Spool::show_gauges() {
  parts_.counters.set(observe::Metric::kSpoolPending,
                      schedule_.size() + asked_.count() + refetch_.count());
  parts_.counters.set(observe::Metric::kCarouselLeft, carousel_.left(oldest()));
  parts_.counters.set(observe::Metric::kSpoolBytes, parts_.blobs.usage().bytes);
}

}  // namespace sluice::low
