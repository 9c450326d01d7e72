// Shipments: signed manifests, and the records in them up to what clients are then shown.
#include <set>

#include "common/base/limits.h"
#include "common/wire/announce.h"
#include "common/wire/envelope.h"
#include "common/wire/manifest.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/keys.h"
#include "tests/fuzz/records.h"

namespace sluice::fuzz {
namespace {

std::string digest(Input& input) {
  return input.choice(8) == 0 ? input.text()
                              : std::string(Sha256Digest::kSize, static_cast<char>(input.u8()));
}

proto::Shipment built_shipment(Input& input) {
  proto::Shipment shipment;
  shipment.set_stream(input.flag() ? "lab-low" : input.text());
  shipment.set_sequence(input.flag() ? input.u8() : input.u64());
  shipment.set_created_micros(input.i64());
  if (input.flag()) {
    shipment.add_after(input.u8());
  }
  for (std::size_t blobs = input.choice(4); blobs > 0; --blobs) {
    proto::Blob& blob = *shipment.add_blobs();
    blob.set_sha256(digest(input));
    blob.set_size(input.u64());
    for (std::size_t aliases = input.choice(3); aliases > 0; --aliases) {
      proto::Alias& alias = *blob.add_aliases();
      alias.set_algorithm(static_cast<proto::DigestAlgorithm>(input.choice(8)));
      alias.set_digest(std::string(input.choice(80), 'a'));
    }
  }
  for (std::size_t records = input.choice(4); records > 0; --records) {
    proto::Record& record = *shipment.add_records();
    record.set_ecosystem(input.flag() ? "npm" : input.text());
    record.set_document(input.text());
    record.set_body(input.text());
    record.set_withdrawn(input.choice(4) == 0);
    if (input.flag()) {
      record.add_blobs(digest(input));
    }
  }
  return shipment;
}

void check(const proto::Shipment& shipment) {
  SLUICE_ASSERT(wire::valid_stream_name(shipment.stream()) && shipment.sequence() > 0);
  SLUICE_ASSERT(static_cast<std::size_t>(shipment.blobs_size()) <= limits::kMaxBlobsPerShipment);
  SLUICE_ASSERT(static_cast<std::size_t>(shipment.records_size()) <=
                limits::kMaxRecordsPerShipment);
  std::set<std::string> blobs;
  for (const proto::Blob& blob : shipment.blobs()) {
    SLUICE_ASSERT(blob.sha256().size() == Sha256Digest::kSize &&
                  blobs.insert(blob.sha256()).second);
    SLUICE_ASSERT(blob.size() <= limits::kMaxBlobBytes);
    for (const proto::Alias& alias : blob.aliases()) {
      // One of a newer protocol may be of any length.
      SLUICE_ASSERT(alias.algorithm() < proto::SHA256 || alias.algorithm() > proto::GIT_BLOB_SHA1 ||
                    Digest::from_bytes(static_cast<DigestAlgorithm>(alias.algorithm()),
                                       as_bytes(alias.digest())));
    }
  }
  std::set<std::pair<std::string, std::string>> documents;
  for (const proto::Record& record : shipment.records()) {
    SLUICE_ASSERT(documents.emplace(record.ecosystem(), record.document()).second);
    SLUICE_ASSERT(record.document().size() <= limits::kMaxDocumentNameBytes);
  }
  SLUICE_ASSERT(!format_rfc3339(from_unix_micros(shipment.created_micros())).empty());
  // Signed again: it reads the same.
  const Bytes again = wire::sign_manifest(shipment, signing_key());
  const auto read = wire::read_manifest(again, verify_key());
  SLUICE_ASSERT(read && read->SerializeAsString() == shipment.SerializeAsString());
}

void publish(const proto::Record& record, Mirrors& mirrors) {
  if (!mirrors.publish(record) || record.withdrawn()) {
    return;
  }
  if (record.ecosystem() == "npm") {
    check_npm(record, mirrors);
  } else if (record.ecosystem() == "pypi") {
    check_pypi(record, mirrors);
  } else if (record.ecosystem() == "apt") {
    check_apt(record, mirrors);
  } else {
    check_file(record, mirrors);
  }
}

void read(ByteView manifest) {
  const auto shipment = wire::read_manifest(manifest, verify_key());
  if (shipment) {
    check(*shipment);
    Mirrors mirrors;
    for (const proto::Record& record : shipment->records()) {
      publish(record, mirrors);
    }
  }
}

// Two states of documents, one after the other.
void publish_built(Input& input, proto::Record (*build)(Input&, Mirrors&)) {
  Mirrors mirrors;
  publish(build(input, mirrors), mirrors);
  if (!input.empty()) {
    publish(build(input, mirrors), mirrors);
  }
}

}  // namespace
}  // namespace sluice::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  switch (input.choice(7)) {
    case 0:
      fuzz::read(input.rest());
      break;
    case 1:
      fuzz::read(as_bytes(wire::write_envelope(
          crypto::Domain::kShipment, std::string(input.rest_text()), fuzz::signing_key())));
      break;
    case 2:
      fuzz::read(wire::sign_manifest(fuzz::built_shipment(input), fuzz::signing_key()));
      break;
    case 3:
      fuzz::publish_built(input, fuzz::npm_record);
      break;
    case 4:
      fuzz::publish_built(input, fuzz::apt_record);
      break;
    case 5:
      fuzz::publish_built(input, fuzz::file_record);
      break;
    default:
      fuzz::publish_built(input, fuzz::pypi_record);
      break;
  }
  return 0;
}
