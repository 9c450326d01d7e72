#include "highside/catalog/ledger.h"

#include <algorithm>

#include "highside/pipeline/keys.h"
#include "sluice/stored_ledger.pb.h"

namespace sluice::high {
namespace {

using store::Family;

std::string stream_key(const std::string& stream) {
  std::string key;
  append_text(key, stream);
  return key;
}

std::string shipment_key(const ShipmentRef& ref) {
  std::string key = stream_key(ref.stream);
  store::append_u64(key, ref.sequence);
  return key;
}

std::optional<ShipmentRef> read_shipment_key(std::string_view key) {
  auto stream = read_text(key);
  const auto sequence = store::read_u64(key);
  if (!stream || !sequence || !key.empty()) {
    return std::nullopt;
  }
  return ShipmentRef{std::move(*stream), *sequence};
}

Error damaged(std::string_view what) {
  return {ErrorCode::kIo, "ledger of shipments",
          "an entry of " + std::string(what) + " does not read",
          "the index is damaged: restore it, or let the sender send its catalog again"};
}

proto::StoredShipment stored(const OpenShipment& open) {
  proto::StoredShipment entry;
  entry.set_state(open.state == ShipmentState::kRefused ? proto::StoredShipment::REFUSED
                                                        : proto::StoredShipment::ANNOUNCED);
  entry.set_manifest(std::string(as_text(open.manifest.bytes())));
  entry.set_manifest_size(open.manifest_bytes);
  entry.set_cause(open.state == ShipmentState::kRefused ? open.cause : "");
  entry.set_heard_micros(to_unix_micros(open.heard));
  return entry;
}

}  // namespace

Result<void> Ledger::load() {
  SLUICE_TRY_VOID(load_streams());
  return load_shipments();
}

Result<void> Ledger::load_streams() {
  Result<void> status;
  SLUICE_TRY_VOID(
      index_.scan(Family::kGaps, "", "", [&](std::string_view key, std::string_view value) {
        auto name = read_text(key);
        proto::StoredStream entry;
        if (!name || !key.empty() ||
            !entry.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          status = damaged("a stream");
          return false;
        }
        Stream& stream = streams_[*name];
        stream.highest = entry.highest();
        stream.oldest = entry.oldest();
        stream.base = entry.base();
        return true;
      }));
  return status;
}

Result<void> Ledger::load_shipments() {
  Result<void> status;
  SLUICE_TRY_VOID(
      index_.scan(Family::kShipments, "", "", [&](std::string_view key, std::string_view value) {
        const auto ref = read_shipment_key(key);
        proto::StoredShipment entry;
        if (!ref || !entry.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          status = damaged("a shipment");
          return false;
        }
        Stream& stream = streams_[ref->stream];
        stream.highest = std::max(stream.highest, ref->sequence);
        if (entry.state() == proto::StoredShipment::PUBLISHED) {
          stream.published.add({ref->sequence, ref->sequence + 1});
          return true;
        }
        const auto manifest = Sha256Digest::from_bytes(as_bytes(entry.manifest()));
        if (!manifest) {
          status = damaged("a shipment");
          return false;
        }
        stream.open[ref->sequence] = {ShipmentState::kAnnounced,
                                      *manifest,
                                      entry.manifest_size(),
                                      entry.cause(),
                                      from_unix_micros(entry.heard_micros()),
                                      0,
                                      {}};
        return true;
      }));
  return status;
}

Result<std::vector<LedgerEntry>> Ledger::entries() const {
  std::vector<LedgerEntry> all;
  SLUICE_TRY_VOID(
      index_.scan(Family::kShipments, "", "", [&](std::string_view key, std::string_view value) {
        const auto ref = read_shipment_key(key);
        proto::StoredShipment entry;
        const auto manifest =
            ref && entry.ParseFromArray(value.data(), static_cast<int>(value.size()))
                ? Sha256Digest::from_bytes(as_bytes(entry.manifest()))
                : std::nullopt;
        if (manifest) {
          all.push_back({*ref, *manifest, entry.state() == proto::StoredShipment::PUBLISHED,
                         Edition(entry.edition()), from_unix_micros(entry.published_micros())});
        }
        return true;
      }));
  std::ranges::reverse(all);
  return all;
}

Ledger::Notice Ledger::announced(const std::string& name, const wire::ShipmentNotice& notice,
                                 UtcTime now) {
  const std::uint64_t sequence = notice.sequence.value();
  if (sequence == 0 || sequence > kMaxSequence) {
    return Notice::kBadSequence;
  }
  Stream& stream = streams_[name];
  if (stream.published.contains(sequence)) {
    const auto value = index_.get(Family::kShipments, shipment_key({name, sequence}));
    proto::StoredShipment entry;
    const std::string bytes = value ? value->value_or("") : "";  // unreadable: give it the doubt
    const bool known = !bytes.empty() && entry.ParseFromString(bytes);
    const bool same = !known || as_text(notice.manifest.bytes()) == entry.manifest();
    return same ? Notice::kPublished : Notice::kConflict;
  }
  if (const auto open = stream.open.find(sequence); open != stream.open.end()) {
    return open->second.manifest == notice.manifest ? Notice::kKnown : Notice::kConflict;
  }
  if (sequence > stream.highest) {
    stream.highest = sequence;
    changed_streams_.insert(name);
  }
  if (stream.open.size() >= kMaxOpen) {
    return Notice::kTooMany;
  }
  stream.open[sequence] = {
      ShipmentState::kAnnounced, notice.manifest, notice.manifest_bytes, "", now, 0, {}};
  changed_shipments_.insert({name, sequence});
  return Notice::kNew;
}

void Ledger::heartbeat(const std::string& name, const wire::Heartbeat& heartbeat, UtcTime arrived) {
  Stream& stream = streams_[name];
  stream.last_heartbeat = arrived;
  const std::uint64_t highest =
      std::max(stream.highest, std::min(heartbeat.last.value(), kMaxSequence));
  // Only the first contact decides what this side was never offered. A sender that has sent nothing
  // yet names no oldest shipment: everything from 1 on will be offered.
  const std::uint64_t base =
      stream.base != 0 ? stream.base : std::max<std::uint64_t>(heartbeat.oldest.value(), 1);
  if (highest != stream.highest || heartbeat.oldest.value() != stream.oldest ||
      base != stream.base) {
    stream.highest = highest;
    stream.oldest = heartbeat.oldest.value();
    stream.base = base;
    changed_streams_.insert(name);
  }
}

OpenShipment* Ledger::find(const ShipmentRef& ref) {
  const auto stream = streams_.find(ref.stream);
  if (stream == streams_.end()) {
    return nullptr;
  }
  const auto open = stream->second.open.find(ref.sequence);
  return open == stream->second.open.end() ? nullptr : &open->second;
}

bool Ledger::is_published(const ShipmentRef& ref) const {
  const auto stream = streams_.find(ref.stream);
  return stream != streams_.end() && stream->second.published.contains(ref.sequence);
}

void Ledger::refuse(const ShipmentRef& ref, std::string_view cause) {
  if (OpenShipment* const open = find(ref)) {
    open->state = ShipmentState::kRefused;
    open->cause = cause.substr(0, kMaxCauseBytes);
    changed_shipments_.insert(ref);
  }
}

bool Ledger::hinder(const ShipmentRef& ref, std::string_view cause) {
  OpenShipment* const open = find(ref);
  cause = cause.substr(0, kMaxCauseBytes);
  if (open == nullptr || open->cause == cause) {
    return false;
  }
  open->cause = cause;
  return true;
}

void Ledger::put_published(const ShipmentRef& ref, Edition edition, UtcTime now,
                           store::Batch& batch) {
  proto::StoredShipment entry = stored(streams_.at(ref.stream).open.at(ref.sequence));
  entry.set_state(proto::StoredShipment::PUBLISHED);
  entry.clear_cause();
  entry.set_published_micros(to_unix_micros(now));
  entry.set_edition(edition.value());
  batch.put(Family::kShipments, shipment_key(ref), entry.SerializeAsString());
  changed_shipments_.erase(ref);
}

std::uint64_t Ledger::next_own(const std::string& stream) const {
  const auto known = streams_.find(stream);
  return known == streams_.end() ? 1 : std::max<std::uint64_t>(known->second.published.end(), 1);
}

void Ledger::put_own(const ShipmentRef& ref, const store::BlobInfo& manifest, Edition edition,
                     UtcTime now, store::Batch& batch) {
  proto::StoredShipment entry;
  entry.set_state(proto::StoredShipment::PUBLISHED);
  entry.set_manifest(std::string(as_text(manifest.digest.bytes())));
  entry.set_manifest_size(manifest.size);
  entry.set_heard_micros(to_unix_micros(now));
  entry.set_published_micros(to_unix_micros(now));
  entry.set_edition(edition.value());
  batch.put(Family::kShipments, shipment_key(ref), entry.SerializeAsString());
}

void Ledger::published(const ShipmentRef& ref) {
  Stream& stream = streams_[ref.stream];
  stream.open.erase(ref.sequence);
  stream.highest = std::max(stream.highest, ref.sequence);
  stream.published.add({ref.sequence, ref.sequence + 1});
}

Result<void> Ledger::save() {
  store::Batch batch;
  for (const std::string& name : changed_streams_) {
    const Stream& stream = streams_.at(name);
    proto::StoredStream entry;
    entry.set_highest(stream.highest);
    entry.set_oldest(stream.oldest);
    entry.set_base(stream.base);
    batch.put(Family::kGaps, stream_key(name), entry.SerializeAsString());
  }
  for (const ShipmentRef& ref : changed_shipments_) {
    if (const OpenShipment* const open = find(ref)) {
      batch.put(Family::kShipments, shipment_key(ref), stored(*open).SerializeAsString());
    }
  }
  if (!batch.empty()) {
    SLUICE_TRY_VOID(index_.write(batch, store::Durability::kUnsynced));
  }
  changed_streams_.clear();
  changed_shipments_.clear();
  return {};
}

std::uint64_t Ledger::open_gaps() const {
  std::uint64_t gaps = 0;
  for (const auto& [name, stream] : streams_) {
    gaps += stream.highest - stream.published.total();
  }
  return gaps;
}

}  // namespace sluice::high
