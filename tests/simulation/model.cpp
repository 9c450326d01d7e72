#include "tests/simulation/model.h"

#include "common/base/hasher.h"
#include "highside/pipeline/keys.h"
#include "lowside/spool/spool_state.h"
#include "sluice/file.pb.h"
#include "sluice/stored_ledger.pb.h"
#include "sluice/wire.pb.h"

namespace sluice::sim {
namespace {

constexpr std::string_view kNothingPartial = "nothing partial is visible";
constexpr std::string_view kVerified = "verified on both sides";
constexpr std::string_view kMonotonic = "monotonic";
constexpr std::string_view kCrashSafe = "a crash loses nothing";

std::string name_of(std::uint64_t sequence) { return "shipment " + std::to_string(sequence); }

// sequence -> (edition, manifest) of what the ledger calls published.
std::map<std::uint64_t, std::pair<std::uint64_t, std::string>> published_by(
    store::KeyValueStore& index) {
  std::map<std::uint64_t, std::pair<std::uint64_t, std::string>> found;
  index
      .scan(store::Family::kShipments, "", "",
            [&](std::string_view key, std::string_view value) {
              proto::StoredShipment entry;
              high::read_text(key);
              if (entry.ParseFromArray(value.data(), static_cast<int>(value.size())) &&
                  entry.state() == proto::StoredShipment::PUBLISHED) {
                found[store::read_u64(key).value_or(0)] = {entry.edition(), entry.manifest()};
              }
              return true;
            })
      .value();
  return found;
}

}  // namespace

void Model::look_at_spool(low::Spool& spool, store::KeyValueStore& index) {
  const std::uint64_t highest = spool.highest_made().value();
  if (highest < shipments_.size()) {
    throw Violation(kCrashSafe, name_of(shipments_.size()) +
                                    " was made, and the spool goes on after " +
                                    std::to_string(highest));
  }
  for (std::uint64_t sequence = spool.oldest_held().value(); sequence <= highest; ++sequence) {
    const auto stored =
        index.get(store::Family::kShipments, low::spool_keys::manifest(ShipmentSequence(sequence)))
            .value();
    if (!stored) {
      throw Violation(kCrashSafe, name_of(sequence) + " has no manifest in the spool");
    }
    if (sequence <= shipments_.size()) {
      if (shipments_[sequence - 1].manifest != *stored) {
        throw Violation(kCrashSafe, name_of(sequence) + " has another manifest than before");
      }
      continue;
    }
    Shipment& made = shipments_.emplace_back();
    made.manifest = *stored;
    proto::SignedEnvelope envelope;
    if (!envelope.ParseFromString(*stored) || !made.content.ParseFromString(envelope.payload())) {
      throw Violation(kVerified, name_of(sequence) + " does not read");
    }
    for (const proto::Record& record : made.content.records()) {
      offered(record, sequence);
    }
    trace_.line("model", name_of(sequence) +
                             " was made: " + std::to_string(made.content.blobs_size()) +
                             " blobs, " + std::to_string(made.content.records_size()) + " records");
  }
}

// Nothing but what a registry offered may be in a shipment.
Model::Shown Model::offered(const proto::Record& record, std::uint64_t sequence) const {
  if (record.withdrawn()) {
    return {.sequence = sequence, .version = 0, .digest = {}};
  }
  proto::FileEntry entry;
  const bool reads = entry.ParseFromString(record.body());
  const auto digest = Sha256Digest::from_bytes(as_bytes(entry.sha256()));
  const auto number = static_cast<std::uint64_t>(entry.modified_micros());
  if (!reads || !digest || content(record.document(), number).digest != *digest) {
    throw Violation(kVerified, name_of(sequence) + " shows of " + record.document() +
                                   " what no registry offered");
  }
  return {.sequence = sequence, .version = number, .digest = *digest};
}

const Content& Model::content(const std::string& document, std::uint64_t version) const {
  for (const auto& registry : registries_) {
    const Version* const found = registry->offered(document, version);
    if (found != nullptr && found->content != nullptr) {
      return *found->content;
    }
  }
  throw Violation(kVerified, document + " shows a version that no registry offered");
}

void Model::look_at_catalog(const HighSide& side, store::KeyValueStore& index) {
  const std::uint64_t current = side.catalog().current().value();
  if (current < edition()) {
    throw Violation(kMonotonic, "the edition went back from " + std::to_string(edition()) + " to " +
                                    std::to_string(current));
  }
  if (current == edition()) {
    return;
  }
  const auto ledger = published_by(index);
  std::map<std::uint64_t, std::uint64_t> by_edition;
  for (const auto& [sequence, entry] : ledger) {
    if (!by_edition.emplace(entry.first, sequence).second) {
      throw Violation(kNothingPartial, "two shipments made one edition");
    }
  }
  std::set<std::string> changed;
  while (edition() < current) {
    const std::uint64_t next = edition() + 1;
    const auto found = by_edition.find(next);
    if (found == by_edition.end()) {
      throw Violation(kNothingPartial, "no shipment made edition " + std::to_string(next));
    }
    take_edition(side, next, found->second, ledger.at(found->second).second);
    for (const proto::Record& record : shipments_[found->second - 1].content.records()) {
      changed.insert(record.document());
    }
  }
  for (const std::string& document : changed) {
    check_document(side, document);
  }
}

void Model::take_edition(const HighSide& side, std::uint64_t edition, std::uint64_t sequence,
                         const std::string& manifest) {
  if (sequence == 0 || sequence > shipments_.size() ||
      as_text(sha256(as_bytes(shipments_[sequence - 1].manifest)).bytes()) != manifest) {
    throw Violation(kVerified, name_of(sequence) + " was published, but never made");
  }
  if (!editions_.emplace(sequence, edition).second) {
    throw Violation(kMonotonic, name_of(sequence) + " was published twice");
  }
  const proto::Shipment& shipment = shipments_[sequence - 1].content;
  for (const std::uint64_t before : shipment.after()) {
    if (!editions_.contains(before)) {
      throw Violation(kNothingPartial,
                      name_of(sequence) + " was published before " + std::to_string(before));
    }
  }
  Documents documents = visible_.back();
  for (const proto::Record& record : shipment.records()) {
    apply(side, edition, record, sequence, documents);
  }
  visible_.push_back(std::move(documents));
  trace_.line("model", name_of(sequence) + " is visible as edition " + std::to_string(edition));
}

void Model::apply(const HighSide& side, std::uint64_t edition, const proto::Record& record,
                  std::uint64_t sequence, Documents& documents) {
  const auto state = side.catalog().state(Edition(edition), "file", record.document()).value();
  Shown& shown = documents[record.document()];
  if (shown.sequence < sequence) {
    const Shown next = offered(record, sequence);
    if (next.version != 0 && next.version < shown.version) {
      throw Violation(kMonotonic, record.document() + " went back to an older version");
    }
    shown = next;
  }
  if (!state || state->entry.sequence.value() != shown.sequence ||
      state->withdrawn != (shown.version == 0)) {
    throw Violation(kNothingPartial,
                    name_of(sequence) + " is published without its record of " + record.document());
  }
}

std::string Model::some_document(Random& random) const {
  const Documents& documents = visible_.back();
  if (documents.empty()) {
    return "alpha/d0";
  }
  auto at = documents.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(random.below(documents.size())));
  return at->first;
}

}  // namespace sluice::sim
