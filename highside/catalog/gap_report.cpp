// What the publisher can say about itself.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "highside/catalog/publisher.h"

namespace sluice::high {
namespace {

// Runs of [1, highest] that were neither published nor heard of.
std::vector<Range> unheard(const Ledger::Stream& stream) {
  RangeSet known = stream.published;
  for (const auto& [sequence, open] : stream.open) {
    known.add({sequence, sequence + 1});
  }
  return known.missing({1, stream.highest + 1});
}

// Cut where what can be done about them differs.
void add_unheard(std::vector<Gap>& gaps, const std::string& name, const Ledger::Stream& stream) {
  for (const Range& run : unheard(stream)) {
    std::uint64_t begin = run.begin;
    for (const std::uint64_t cut :
         {std::min(stream.base, stream.oldest), std::max(stream.base, stream.oldest), run.end}) {
      const std::uint64_t end = std::clamp(cut, begin, run.end);
      if (begin < end) {
        Gap& gap = gaps.emplace_back();
        gap.stream = name;
        gap.first = ShipmentSequence(begin);
        gap.last = ShipmentSequence(end - 1);
        gap.state =
            begin < stream.base ? ShipmentState::kNeedsBaseline : ShipmentState::kNeverHeard;
        gap.resendable = begin >= stream.oldest;
      }
      begin = end;
    }
  }
}

void add_open(std::vector<Gap>& gaps, const std::string& name, const Ledger::Stream& stream) {
  for (const auto& [sequence, open] : stream.open) {
    Gap gap;
    gap.stream = name;
    gap.first = gap.last = ShipmentSequence(sequence);
    gap.state = open.state;
    gap.cause = open.cause;
    gap.heard = open.heard;
    gap.resendable = sequence >= stream.oldest;
    gap.missing_blobs = open.state == ShipmentState::kAnnounced ? 1 : open.missing;
    for (const std::uint64_t before : open.waits_for) {
      gap.waits_for.emplace_back(before);
    }
    gaps.push_back(std::move(gap));
  }
}

void add_blocks(Gap& gap, const Ledger::Stream& stream) {
  for (const auto& [sequence, open] : stream.open) {
    if (std::ranges::any_of(open.waits_for, [&](std::uint64_t before) {
          return before >= gap.first.value() && before <= gap.last.value();
        })) {
      gap.blocks.emplace_back(sequence);
    }
  }
}

}  // namespace

CatalogStatus Publisher::status() const {
  CatalogStatus status;
  status.edition = catalog_.current();
  const std::lock_guard lock(mutex_);
  status.waiting_blobs = waits_.size();
  status.lost_blobs = catalog_.lost().size();
  for (const auto& [name, stream] : ledger_.streams()) {
    StreamStatus& entry = status.streams.emplace_back();
    entry.stream = name;
    entry.highest = ShipmentSequence(stream.highest);
    entry.oldest = ShipmentSequence(stream.oldest);
    entry.published = stream.published.total();
    entry.open = stream.open.size();
    entry.never_heard = stream.highest - entry.published - entry.open;
    entry.last_heartbeat = stream.last_heartbeat;
  }
  return status;
}

std::vector<Gap> Publisher::gaps(std::size_t limit, std::size_t blobs_limit) const {
  const std::lock_guard asking(asking_);
  std::vector<Gap> gaps;
  std::vector<OpenShipment> opened;  // beside `gaps`
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, stream] : ledger_.streams()) {
      const auto first = static_cast<std::ptrdiff_t>(gaps.size());
      add_unheard(gaps, name, stream);
      add_open(gaps, name, stream);
      add_damaged(gaps, name, stream, blobs_limit);
      std::sort(gaps.begin() + first, gaps.end(),
                [](const Gap& a, const Gap& b) { return a.first < b.first; });
      gaps.resize(std::min(gaps.size(), limit));
      for (auto gap = gaps.begin() + first; gap < gaps.end(); ++gap) {
        add_blocks(*gap, stream);
        const auto open = stream.open.find(gap->first.value());
        opened.push_back(open != stream.open.end() ? open->second : OpenShipment());
      }
      if (gaps.size() == limit) {
        break;
      }
    }
  }
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    add_missing(gaps[i], opened[i], blobs_limit);
  }
  return gaps;
}

// Which blobs are missing stands in the manifest, and is looked up anew.
void Publisher::add_missing(Gap& gap, const OpenShipment& open, std::size_t blobs_limit) const {
  const auto add = [&](const Sha256Digest& digest, std::string name, std::uint64_t size) {
    const std::uint64_t bytes = manifests_->bytes_held(digest);
    gap.missing.push_back({digest, std::move(name), size, bytes});
    gap.missing_bytes += size - std::min(bytes, size);
  };
  if (gap.state == ShipmentState::kAnnounced && blobs_limit > 0) {
    add(open.manifest, "manifest", open.manifest_bytes);
  }
  if (gap.state == ShipmentState::kDamaged) {
    const auto lost = std::exchange(gap.missing, {});
    for (const MissingBlob& blob : lost) {
      add(blob.digest, blob.name, blob.size);
    }
  }
  if (gap.state != ShipmentState::kWaitingForBlobs) {
    return;
  }
  const auto shipment = manifests_->read(gap.stream, gap.first, open.manifest);
  if (!shipment) {
    gap.cause = shipment.error().message();
    return;
  }
  const auto add_if_missing = [&](const std::string& bytes, std::string name, std::uint64_t size) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(bytes));
    const auto found = digest ? blobs_.find(*digest) : std::optional<store::BlobInfo>();
    if (digest && found && !*found) {
      add(*digest, std::move(name), size);
    }
  };
  std::unordered_set<std::string_view> listed;
  for (const proto::Blob& blob : shipment->shipment().blobs()) {
    if (gap.missing.size() >= blobs_limit) {
      return;
    }
    listed.insert(blob.sha256());
    add_if_missing(blob.sha256(), blob.name(), blob.size());
  }
  // Other shipments carry these, and one of those is a gap as well; the manifest knows no size.
  for (const proto::Record& record : shipment->shipment().records()) {
    for (const std::string& blob : record.blobs()) {
      if (gap.missing.size() >= blobs_limit) {
        return;
      }
      if (listed.insert(blob).second) {
        add_if_missing(blob, record.document(), 0);
      }
    }
  }
}

}  // namespace sluice::high
