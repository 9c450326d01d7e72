#include "tests/bench/cargo.h"

#include <cstring>
#include <random>

#include "common/base/file_system.h"
#include "common/base/hasher.h"
#include "common/base/limits.h"
#include "common/store/disk_blob_store.h"
#include "common/store/rocks_store.h"
#include "common/wire/manifest.h"
#include "sluice/file.pb.h"

namespace sluice::bench {
namespace {

constexpr std::size_t kLarge = std::size_t{8} << 20;
constexpr std::size_t kSmall = 10'000;
constexpr std::size_t kLargePerShipment = 128;
constexpr std::size_t kSmallPerShipment = 20'000;
constexpr std::size_t kWords = 4096;

void fill_random(Bytes& content, std::mt19937_64& random) {
  for (std::size_t at = 0; at < content.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    std::memcpy(&content[at], &word, std::min(sizeof word, content.size() - at));
  }
}

// Words of a small vocabulary, the first ones more often: zstd makes a third of it.
void fill_text(Bytes& content, std::mt19937_64& random) {
  std::vector<std::string> words(kWords);
  for (std::string& word : words) {
    word.resize(2 + random() % 9);
    for (char& letter : word) {
      letter = static_cast<char>('a' + random() % 26);
    }
  }
  std::size_t at = 0;
  while (at < content.size()) {
    const std::string& word = words[random() % (1 + random() % kWords)];
    const std::size_t length = std::min(word.size(), content.size() - at);
    std::memcpy(&content[at], word.data(), length);
    at += length;
    if (at < content.size()) {
      content[at++] = random() % 12 == 0 ? '\n' : ' ';
    }
  }
}

proto::Record record_of(std::size_t number, const low::OutgoingBlob& blob) {
  proto::FileEntry entry;
  entry.set_sha256(blob.digest.bytes().data(), blob.digest.bytes().size());
  entry.set_size(blob.size);
  proto::Record record;
  record.set_ecosystem("file");
  record.set_document(std::string(Cargo::kCollection) + "/" + std::to_string(number));
  record.set_body(entry.SerializeAsString());
  record.add_blobs(entry.sha256());
  return record;
}

}  // namespace

Cargo::Cargo(Kind kind, std::uint64_t bytes, const std::filesystem::path& folder) : kind_(kind) {
  store::RocksSettings rocks;
  rocks.folder = folder / "index";
  index_ = store::open_rocks_store(rocks).value();
  spool_ = store::DiskBlobStore::open(*index_, posix_file_system(), folder / "store").value();
  const std::size_t size = kind == Kind::kSmall ? kSmall : kLarge;
  const std::size_t per_shipment = kind == Kind::kSmall ? kSmallPerShipment : kLargePerShipment;
  while (bytes_ < bytes) {
    std::vector<low::OutgoingBlob> listed;
    std::vector<store::NewBlob> stored;
    while (listed.size() < per_shipment && bytes_ < bytes) {
      Bytes content(size);
      fill(content, ++blobs_);
      const Sha256Digest digest = sha256(content);
      listed.push_back({.digest = digest, .size = size});
      bytes_ += size;
      store::NewBlob& blob = stored.emplace_back(store::NewBlob{{digest, size, {}}, Bytes()});
      if (size <= limits::kInlineBlobBytes) {
        blob.content = std::move(content);
        continue;
      }
      const StagingPath path = spool_->new_staging_path();
      posix_file_system().open_for_writing(path.value()).value()->write_at(0, content).value();
      blob.content = path;
    }
    for (store::NewBlob& blob : stored) {
      spool_->commit({std::move(blob)}).value();  // one by one, as the spool takes them
    }
    add_shipment(listed);
  }
}

Cargo::~Cargo() = default;

void Cargo::fill(Bytes& content, std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  switch (kind_) {
    case Kind::kRandom:
      fill_random(content, random);
      return;
    case Kind::kSmall:
      fill_random(content, random);
      std::memcpy(content.data(), "\x1f\x8b\x08", 3);
      return;
    case Kind::kText:
      fill_text(content, random);
      return;
  }
}

void Cargo::add_shipment(const std::vector<low::OutgoingBlob>& blobs) {
  proto::Shipment shipment;
  shipment.set_stream(kStream);
  shipment.set_sequence(passes_.size() + 1);
  std::size_t number = blobs_ - blobs.size();
  for (const low::OutgoingBlob& blob : blobs) {
    proto::Blob& listed = *shipment.add_blobs();
    listed.set_sha256(blob.digest.bytes().data(), blob.digest.bytes().size());
    listed.set_size(blob.size);
    *shipment.add_records() = record_of(number++, blob);
  }
  passes_.push_back({.sequence = ShipmentSequence(shipment.sequence()),
                     .pass = 0,
                     .manifest = wire::sign_manifest(shipment, signing_),
                     .blobs = blobs});
}

}  // namespace sluice::bench
