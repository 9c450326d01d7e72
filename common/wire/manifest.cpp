#include "common/wire/manifest.h"

#include <set>
#include <unordered_set>

#include "common/base/digest.h"
#include "common/base/limits.h"
#include "common/wire/announce.h"
#include "common/wire/envelope.h"
#include "common/wire/message_scan.h"

namespace sluice::wire {
namespace {

// A shipment follows the one before it from its source; more is room for what comes. An open one
// keeps all of them in memory on the high side.
constexpr int kMaxPredecessors = 32;
constexpr std::size_t kMaxVarintBytes = 10;
static_assert(limits::kMaxBlobsPerShipment + limits::kMaxRecordsPerShipment < kMaxManifestFields);
static_assert(limits::kMaxBlobsPerShipment * 40 <= limits::kMaxManifestBytes,
              "as many blobs as may be, each with digest and size, fit a manifest");
// A shipment, its records, their bodies, and what those repeat: files, versions, entries of maps.
constexpr int kManifestDepth = 4;

Error invalid(std::string cause) { return {ErrorCode::kInvalid, "manifest", std::move(cause), ""}; }

Error too_many_predecessors() {
  return invalid("comes after more than " + std::to_string(kMaxPredecessors) + " shipments");
}

// Counts before anything is built of it.
Result<void> check_counts(ByteView shipment) {
  std::size_t blobs = 0;
  std::size_t records = 0;
  if (!has_at_most(shipment, kMaxManifestFields, kManifestDepth)) {
    return invalid("has more than " + std::to_string(kMaxManifestFields) + " fields");
  }
  MessageScanner scanner(shipment);
  while (const auto field = scanner.next()) {
    blobs += field->number == proto::Shipment::kBlobsFieldNumber ? 1 : 0;
    records += field->number == proto::Shipment::kRecordsFieldNumber ? 1 : 0;
    if (field->number == proto::Shipment::kAfterFieldNumber &&
        field->bytes.size() > kMaxPredecessors * kMaxVarintBytes) {  // packed
      return too_many_predecessors();
    }
  }
  if (!scanner.ok()) {
    return invalid("cannot be parsed");
  }
  if (blobs > limits::kMaxBlobsPerShipment) {
    return invalid("lists " + std::to_string(blobs) + " blobs, more than " +
                   std::to_string(limits::kMaxBlobsPerShipment));
  }
  if (records > limits::kMaxRecordsPerShipment) {
    return invalid("lists " + std::to_string(records) + " records, more than " +
                   std::to_string(limits::kMaxRecordsPerShipment));
  }
  return {};
}

Result<void> check_aliases(const proto::Blob& blob, const std::string& name) {
  for (const proto::Alias& alias : blob.aliases()) {
    const auto algorithm = static_cast<int>(alias.algorithm());
    if (algorithm == proto::DIGEST_UNKNOWN || !proto::DigestAlgorithm_IsValid(algorithm)) {
      continue;  // of a newer protocol: one name less under which the blob is found
    }
    if (alias.digest().size() != digest_size(static_cast<DigestAlgorithm>(algorithm))) {
      return invalid("gives blob " + name + " a digest of a wrong length");
    }
  }
  return {};
}

Result<void> check_blobs(const proto::Shipment& shipment) {
  std::unordered_set<Sha256Digest> seen;
  seen.reserve(static_cast<std::size_t>(shipment.blobs_size()));
  for (const proto::Blob& blob : shipment.blobs()) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(blob.sha256()));
    if (!digest) {
      return invalid("lists a blob that is not named by a SHA-256");
    }
    if (!seen.insert(*digest).second) {
      return invalid("lists blob " + digest->hex() + " twice");
    }
    if (blob.size() > limits::kMaxBlobBytes) {
      return invalid("lists blob " + digest->hex() + " with " + std::to_string(blob.size()) +
                     " bytes, more than the limit");
    }
    SLUICE_TRY_VOID(check_aliases(blob, digest->hex()));
  }
  return {};
}

Result<void> check_record(const proto::Record& record) {
  const std::string name = record.ecosystem() + " " + record.document();
  if (record.ecosystem().empty() || record.document().empty() ||
      record.ecosystem().size() > limits::kMaxDocumentNameBytes ||
      record.document().size() > limits::kMaxDocumentNameBytes) {
    return invalid("has a record whose ecosystem or document is empty or longer than " +
                   std::to_string(limits::kMaxDocumentNameBytes) + " bytes");
  }
  if (record.withdrawn() && (!record.body().empty() || record.blobs_size() != 0)) {
    return invalid("withdraws " + name + " and gives it a body or blobs");
  }
  for (const std::string& blob : record.blobs()) {
    if (blob.size() != Sha256Digest::kSize) {
      return invalid("has a record " + name + " with a blob that is not named by a SHA-256");
    }
  }
  return {};
}

Result<void> check_records(const proto::Shipment& shipment) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const proto::Record& record : shipment.records()) {
    SLUICE_TRY_VOID(check_record(record));
    if (!seen.emplace(record.ecosystem(), record.document()).second) {
      return invalid("has two records of " + record.ecosystem() + " " + record.document());
    }
  }
  return {};
}

Result<void> check_head(const proto::Shipment& shipment) {
  if (!valid_stream_name(shipment.stream())) {
    return invalid("names no stream, or one that cannot be");
  }
  if (shipment.sequence() == 0) {
    return invalid("has no sequence");
  }
  if (shipment.after_size() > kMaxPredecessors) {
    return too_many_predecessors();
  }
  for (const std::uint64_t after : shipment.after()) {
    if (after == 0 || after >= shipment.sequence()) {
      return invalid("of shipment " + std::to_string(shipment.sequence()) +
                     " comes after shipment " + std::to_string(after) + ", which is not before it");
    }
  }
  return {};
}

}  // namespace

Bytes sign_manifest(const proto::Shipment& shipment, const crypto::SigningKey& key) {
  const std::string envelope =
      write_envelope(crypto::Domain::kShipment, shipment.SerializeAsString(), key);
  const ByteView bytes = as_bytes(envelope);
  return {bytes.begin(), bytes.end()};
}

Result<proto::Shipment> read_manifest(ByteView bytes, const crypto::VerifyKey& key) {
  if (bytes.size() > limits::kMaxManifestBytes) {
    return invalid("has " + std::to_string(bytes.size()) + " bytes, more than " +
                   std::to_string(limits::kMaxManifestBytes));
  }
  SLUICE_TRY(const std::string payload, read_envelope(crypto::Domain::kShipment, bytes, key));
  SLUICE_TRY_VOID(check_counts(as_bytes(payload)));
  proto::Shipment shipment;
  if (!shipment.ParseFromString(payload)) {
    return invalid("cannot be parsed");
  }
  SLUICE_TRY_VOID(check_head(shipment));
  SLUICE_TRY_VOID(check_blobs(shipment));
  SLUICE_TRY_VOID(check_records(shipment));
  return shipment;
}

}  // namespace sluice::wire
