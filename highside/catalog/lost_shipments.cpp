// What scrub finds damaged: which shipments bring it again, and who waits for it meanwhile.
#include <algorithm>
#include <map>

#include "highside/catalog/publisher.h"

namespace sluice::high {
namespace {

using observe::Level;
using observe::Metric;

// In events and gaps; the first few say what clients miss.
constexpr std::size_t kDocumentsNamed = 5;

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

std::string carriers_of(const LostBlob& blob) {
  std::vector<std::string> names;
  for (const ShipmentRef& carrier : blob.carriers) {
    names.push_back(observe::shipment_id(carrier.stream, ShipmentSequence(carrier.sequence)));
  }
  return list_of(names);
}

std::string name_of(const LostBlob& blob) {
  return "blob " + blob.digest.hex() +
         (blob.blob.name().empty() ? "" : " (" + blob.blob.name() + ")");
}

std::string cure_for(const LostBlob& blob) {
  if (!blob.carriers.empty()) {
    return "on the low side of " + blob.carriers.front().stream + ": sluice-low resend " +
           std::to_string(blob.carriers.front().sequence);
  }
  return blob.documents.empty() ? "nothing shows it; it comes with the shipment that needs it"
                                : "no shipment held carries it: ask for it again on the low side, "
                                  "or publish it again if it is this site's own";
}

}  // namespace

std::string describe(const LostBlob& blob) {
  const std::string carriers = carriers_of(blob);
  const std::string documents = list_of(blob.documents);
  return name_of(blob) + ": " + blob.cause + "; " +
         (documents.empty() ? "no document names it" : "named by " + documents) +
         (carriers.empty() ? "" : "; carried by " + carriers) + " (" + cure_for(blob) + ")";
}

// A former run has named them as lost and may not have come to removing them, or they came again
// and it did not come to noting that.
Result<void> Publisher::settle_lost() {
  for (const LostBlob& blob : catalog_.lost().all()) {
    const auto good = blobs_.verify(blob.digest);
    if (good) {
      catalog_.lost().found(blob.digest);
    } else if (good.error().code == ErrorCode::kNotFound) {
      manifests_->expect(blob.blob);
    } else if (good.error().code == ErrorCode::kIntegrity) {
      SLUICE_TRY_VOID(blobs_.remove(blob.digest));
      manifests_->expect(blob.blob);
    } else {
      return good.error();
    }
  }
  return catalog_.lost().save();
}

Result<std::vector<LostBlob>> Publisher::lose(const std::vector<store::DamagedBlob>& damaged) {
  const std::lock_guard publishing(
      publishing_);  // else one that was just checked would be published
  std::map<Sha256Digest, LostBlob> blobs;
  std::set<Sha256Digest> digests;
  for (const store::DamagedBlob& blob : damaged) {
    blobs[blob.digest] = {blob.digest, {}, blob.cause, clock_.utc_now(), {}, {}};
    digests.insert(blob.digest);
  }
  SLUICE_TRY(auto documents, catalog_.documents_naming(digests, kDocumentsNamed));
  for (auto& [digest, names] : documents) {
    blobs[digest].documents = std::move(names);
  }
  SLUICE_TRY_VOID(add_carriers(blobs));
  std::vector<LostBlob> all;
  std::vector<LostBlob> lost;
  for (auto& [digest, blob] : blobs) {
    const bool shown =
        !blob.documents.empty() || std::ranges::any_of(blob.carriers, [&](auto& ref) {
          const std::lock_guard lock(mutex_);
          return ledger_.is_published(ref);
        });
    if (shown) {
      lost.push_back(blob);
    }
    all.push_back(std::move(blob));
  }
  if (!lost.empty()) {
    SLUICE_TRY_VOID(catalog_.lost().add(lost));
  }
  SLUICE_TRY_VOID(take_out(all));
  return all;
}

// The latest shipment that carries each: the low side keeps that one longest.
Result<void> Publisher::add_carriers(std::map<Sha256Digest, LostBlob>& blobs) const {
  SLUICE_TRY(const auto shipments, ledger_.entries());
  std::size_t open = blobs.size();
  const auto carries = [&](const ShipmentRef& ref, const Sha256Digest& digest,
                           const proto::Blob& blob) {
    const auto at = blobs.find(digest);
    if (at != blobs.end() && at->second.carriers.empty()) {
      at->second.carriers.push_back(ref);
      at->second.blob = blob;
      --open;
    }
  };
  for (const LedgerEntry& entry : shipments) {
    const auto& [ref, manifest] = std::tie(entry.ref, entry.manifest);
    if (open == 0) {
      return {};
    }
    proto::Blob itself;
    itself.set_sha256(std::string(as_text(manifest.bytes())));
    itself.set_name("manifest");
    carries(ref, manifest, itself);
    const auto shipment = manifests_->read(ref.stream, ShipmentSequence(ref.sequence), manifest);
    if (!shipment) {
      continue;  // it has not arrived, or is damaged itself
    }
    for (const proto::Blob& blob : shipment->shipment().blobs()) {
      if (const auto digest = Sha256Digest::from_bytes(as_bytes(blob.sha256()))) {
        carries(ref, *digest, blob);
      }
    }
  }
  return {};
}

Result<void> Publisher::take_out(const std::vector<LostBlob>& blobs) {
  Result<void> status;
  for (const LostBlob& blob : blobs) {
    if (const auto removed = blobs_.remove(blob.digest); !removed) {
      status = removed;
      break;
    }
    tell_lost(blob);
    manifests_->expect(blob.blob);
  }
  // As after a start: every open shipment asks the store anew what it still needs.
  const std::lock_guard lock(mutex_);
  waits_ = {};
  for (const auto& [name, stream] : ledger_.streams()) {
    for (const auto& [sequence, open] : stream.open) {
      if (open.state != ShipmentState::kRefused) {
        waits_.add(open.manifest, {name, sequence});
        to_examine_.insert({name, sequence});
      }
    }
  }
  ledger_changed_ = true;
  work_.notify_one();
  return status;
}

void Publisher::tell_lost(const LostBlob& blob) {
  counters_.add(Metric::kDamagedBlobs);
  events_.failure(Level::kError, "blob.damaged",
                  {ErrorCode::kIntegrity, name_of(blob), blob.cause, cure_for(blob)},
                  {{"blob", blob.digest.hex()},
                   {"shipments", carriers_of(blob)},
                   {"documents", list_of(blob.documents)}});
}

// Those that are published and carry what is lost; the open ones are gaps already.
void Publisher::add_damaged(std::vector<Gap>& gaps, const std::string& name,
                            const Ledger::Stream& stream, std::size_t blobs_limit) const {
  std::map<std::uint64_t, Gap> damaged;
  for (const LostBlob& blob : catalog_.lost().all()) {
    for (const ShipmentRef& carrier : blob.carriers) {
      if (carrier.stream != name || !stream.published.contains(carrier.sequence)) {
        continue;
      }
      Gap& gap = damaged[carrier.sequence];
      gap.stream = name;
      gap.first = gap.last = ShipmentSequence(carrier.sequence);
      gap.state = ShipmentState::kDamaged;
      gap.resendable = carrier.sequence >= stream.oldest;
      if (++gap.missing_blobs == 1) {
        gap.cause = "it was published, and is damaged on this side's disk";
        gap.cause += blob.documents.empty() ? "" : ": " + list_of(blob.documents);
      }
      if (gap.missing.size() < blobs_limit) {
        gap.missing.push_back({blob.digest, blob.blob.name(), blob.blob.size(), 0});
      }
      for (const ShipmentRef& waiting : waits_.waiting(blob.digest)) {
        if (waiting.stream == name) {
          gap.blocks.emplace_back(waiting.sequence);
        }
      }
    }
  }
  for (auto& [sequence, gap] : damaged) {
    std::ranges::sort(gap.blocks);
    gap.blocks.erase(std::ranges::unique(gap.blocks).begin(), gap.blocks.end());
    gaps.push_back(std::move(gap));
  }
}

}  // namespace sluice::high
