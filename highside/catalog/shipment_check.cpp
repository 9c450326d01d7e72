#include "highside/catalog/shipment_check.h"

#include <algorithm>

#include "common/base/hasher.h"
#include "highside/pipeline/retry.h"

namespace sluice::high {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;

std::string name_of(const proto::Blob& blob, const Sha256Digest& digest) {
  return "blob " + digest.hex() + (blob.name().empty() ? "" : " (" + blob.name() + ")");
}

Result<std::vector<Digest>> compute(store::BlobStore& blobs, const Sha256Digest& blob,
                                    const std::vector<DigestAlgorithm>& algorithms) {
  SLUICE_TRY(const auto reader, blobs.open(blob));
  MultiHasher hasher(algorithms, reader->size());
  Bytes buffer(std::min<std::uint64_t>(kReadBytes, reader->size()));
  for (std::uint64_t offset = 0; offset < reader->size();) {
    const auto count = std::min<std::uint64_t>(buffer.size(), reader->size() - offset);
    const MutableByteView chunk = MutableByteView(buffer).first(count);
    SLUICE_TRY_VOID(reader->read_at(offset, chunk));
    hasher.update(chunk);
    offset += count;
  }
  std::vector<Digest> digests = hasher.finish();
  digests.erase(digests.begin());
  return digests;
}

const Digest* of_algorithm(const std::vector<Digest>& digests, DigestAlgorithm algorithm) {
  const auto found = std::ranges::find(digests, algorithm, &Digest::algorithm);
  return found == digests.end() ? nullptr : &*found;
}

// What is said of the blob, without what this version does not know; an alias that it does not know
// is never served.
std::vector<Digest> claimed_aliases(const proto::Blob& blob) {
  std::vector<Digest> claimed;
  for (const proto::Alias& alias : blob.aliases()) {
    if (alias.algorithm() < proto::SHA256 || alias.algorithm() > proto::GIT_BLOB_SHA1) {
      continue;
    }
    if (auto digest = Digest::from_bytes(static_cast<DigestAlgorithm>(alias.algorithm()),
                                         as_bytes(alias.digest()))) {
      claimed.push_back(std::move(*digest));
    }
  }
  return claimed;
}

}  // namespace

std::vector<Sha256Digest> ShipmentCheck::blobs_of(const proto::Shipment& shipment) {
  std::vector<Sha256Digest> all;
  const auto add = [&](const std::string& bytes) {
    if (const auto digest = Sha256Digest::from_bytes(as_bytes(bytes))) {
      all.push_back(*digest);
    }
  };
  for (const proto::Blob& blob : shipment.blobs()) {
    add(blob.sha256());
  }
  for (const proto::Record& record : shipment.records()) {
    std::ranges::for_each(record.blobs(), add);
  }
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all).begin(), all.end());
  return all;
}

Result<void> ShipmentCheck::check_held(const proto::Shipment& shipment) const {
  for (const Sha256Digest& digest : blobs_of(shipment)) {
    SLUICE_TRY(const auto found, blobs_.find(digest));
    if (!found) {
      return Error{ErrorCode::kUnavailable, "blob " + digest.hex(), "it is not in the store", ""};
    }
  }
  return {};
}

Result<std::vector<const proto::Record*>> ShipmentCheck::check_inside(
    const proto::Shipment& shipment) {
  SLUICE_TRY_VOID(check_held(shipment));
  std::vector<const proto::Record*> records;
  for (const proto::Record& record : shipment.records()) {
    SLUICE_TRY(const auto newest,
               catalog_.state(catalog_.current(), record.ecosystem(), record.document()));
    SLUICE_TRY_VOID(check_body(record, newest));
    records.push_back(&record);
  }
  return records;
}

Result<std::vector<const proto::Record*>> ShipmentCheck::check(const proto::Shipment& shipment) {
  SLUICE_TRY_VOID(check_held(shipment));
  std::vector<store::NewBlob> additions;
  for (const proto::Blob& blob : shipment.blobs()) {
    SLUICE_TRY_VOID(check_blob(blob, additions));
  }
  if (!additions.empty()) {
    SLUICE_TRY_VOID(blobs_.commit(additions));
  }
  std::vector<const proto::Record*> records;
  for (const proto::Record& record : shipment.records()) {
    SLUICE_TRY(const bool applies, check_record(shipment, record));
    if (applies) {
      records.push_back(&record);
    }
  }
  return records;
}

// Those aliases that were not computed when the blob arrived are computed now and added to it.
Result<void> ShipmentCheck::check_blob(const proto::Blob& blob,
                                       std::vector<store::NewBlob>& additions) {
  const auto digest = Sha256Digest::from_bytes(as_bytes(blob.sha256()));
  if (!digest) {
    return Error{ErrorCode::kInvalid, "blob " + blob.name(), "its digest has a wrong length", ""};
  }
  SLUICE_TRY(const auto found, blobs_.find(*digest));
  if (!found) {
    return Error{ErrorCode::kUnavailable, name_of(blob, *digest), "it is not in the store", ""};
  }
  if (found->size != blob.size()) {
    return Error{ErrorCode::kIntegrity, name_of(blob, *digest),
                 "it has " + std::to_string(found->size) + " bytes where " +
                     std::to_string(blob.size()) + " were announced",
                 ""};
  }
  const std::vector<Digest> claimed = claimed_aliases(blob);
  std::vector<DigestAlgorithm> unknown;
  for (const Digest& alias : claimed) {
    if (!alias.as_sha256() && of_algorithm(found->aliases, alias.algorithm()) == nullptr) {
      unknown.push_back(alias.algorithm());
    }
  }
  store::BlobInfo info = *found;
  if (!unknown.empty()) {
    SLUICE_TRY(const std::vector<Digest> computed, compute(blobs_, *digest, unknown));
    info.aliases.insert(info.aliases.end(), computed.begin(), computed.end());
  }
  for (const Digest& alias : claimed) {
    const Digest own(*digest);
    const Digest* const actual =
        alias.as_sha256() ? &own : of_algorithm(info.aliases, alias.algorithm());
    if (*actual != alias) {
      return Error{ErrorCode::kIntegrity, name_of(blob, *digest),
                   "its " + std::string(to_string(alias.algorithm())) + " is " + actual->hex() +
                       " where " + alias.hex() + " was announced",
                   ""};
    }
  }
  if (!unknown.empty()) {
    additions.push_back({std::move(info), Bytes()});  // the bytes are held: only aliases are added
  }
  return {};
}

Result<void> ShipmentCheck::check_body(const proto::Record& record,
                                       const std::optional<Catalog::State>& newest) {
  const auto check = std::ranges::find(checks_, record.ecosystem(), &RecordCheck::ecosystem);
  if (check == checks_.end()) {
    return Error{ErrorCode::kRefused, record.ecosystem() + " record " + record.document(),
                 "no mirror for the ecosystem \"" + record.ecosystem() + "\" is configured here",
                 "install a version that has one; the shipment is tried again at each start"};
  }
  if (record.withdrawn()) {
    return {};
  }
  const bool shown = newest && !newest->withdrawn;
  return (*check)->check(record, shown ? std::optional(newest->entry) : std::nullopt, blobs_);
}

// A name of the site, or one under which the site has published: what stands there is not what the
// record's sender means.
bool ShipmentCheck::is_foreign(const proto::Record& record,
                               const std::optional<Catalog::State>& newest) const {
  return site_.contains(record.ecosystem(), record.document()) ||
         (newest && !newest->withdrawn && newest->entry.stream == kSiteStream);
}

// False: older than what is held, which stays, or under a name of the site.
Result<bool> ShipmentCheck::check_record(const proto::Shipment& shipment,
                                         const proto::Record& record) {
  SLUICE_TRY(const auto newest,
             catalog_.state(catalog_.current(), record.ecosystem(), record.document()));
  const std::string id =
      observe::shipment_id(shipment.stream(), ShipmentSequence(shipment.sequence()));
  if (is_foreign(record, newest)) {
    counters_.add(observe::Metric::kForeignRecords);
    events_.failure(observe::Level::kError, "record.foreign",
                    {ErrorCode::kRefused, record.ecosystem() + " record " + record.document(),
                     "it comes from outside, and the name belongs to this site",
                     "find out on the low side who wants or publishes something of that name"},
                    {{"shipment", id}});
    return false;
  }
  Result<void> outcome;
  if (newest && newest->entry.stream == shipment.stream() &&
      newest->entry.sequence.value() > shipment.sequence()) {
    outcome = Error{ErrorCode::kOutdated, record.ecosystem() + " record " + record.document(),
                    "shipment " + std::to_string(newest->entry.sequence.value()) + " is newer", ""};
  } else {
    outcome = check_body(record, newest);
  }
  if (outcome) {
    return true;
  }
  if (outcome.error().code != ErrorCode::kOutdated) {
    return outcome.error();
  }
  counters_.add(observe::Metric::kRecordsOutdated);
  events_.failure(observe::Level::kWarning, "record.outdated", outcome.error(), {{"shipment", id}});
  return false;
}

}  // namespace sluice::high
