// What lies on disk: entries of the index and key files.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "common/base/text.h"
#include "common/crypto/fingerprint.h"
#include "common/crypto/keys.h"
#include "highside/assemble/progress.h"
#include "highside/catalog/catalog.h"
#include "highside/catalog/ledger.h"
#include "highside/daemon/stored_epochs.h"
#include "highside/pipeline/keys.h"
#include "sluice/stored_ledger.pb.h"
#include "tests/support/memory_store.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/vectors.h"
#include "tests/unit/common/wire/fixed_keys.h"
#include "tests/unit/vectors/message_json.h"

namespace sluice::test {
namespace {

using store::Family;

std::string characters(ByteView bytes) { return std::string(as_text(bytes)); }
std::string key_of(const Vector& vector) {
  return characters(bytes_of(vector.all.at("key").at("bytes")));
}

Family family_of(const std::string& name) {
  for (std::size_t i = 0; i < store::kFamilies; ++i) {
    if (store::to_string(static_cast<Family>(i)) == name) {
      return static_cast<Family>(i);
    }
  }
  throw std::invalid_argument(name);
}

class StoredVectors : public testing::Test {
 protected:
  const Vector& named(const std::string& name) const {
    for (const Vector& vector : vectors_) {
      if (vector.name == name) {
        return vector;
      }
    }
    throw std::invalid_argument(name);
  }
  void put(const Vector& vector) {
    store::Batch batch;
    batch.put(family_of(vector.text("family")), key_of(vector), characters(vector.bytes));
    index_.write(batch, store::Durability::kSynced).value();
  }
  Result<void> read_with(const std::string& reader) {
    if (reader == "ledger") {
      return high::Ledger(index_).load();
    }
    if (reader == "catalog") {
      const auto found = high::Catalog(index_).find(Edition(9), "file", "drop/hello.txt");
      return found ? Result<void>() : Result<void>(found.error());
    }
    if (reader == "progress") {
      const auto found = progress_.load(digest_);
      return found ? Result<void>() : Result<void>(found.error());
    }
    if (reader == "editions") {
      return high::Editions(index_).load();
    }
    SLUICE_TRY_VOID(high::StoredEpochs(index_).admit("lab-low", Epoch(4), SessionId(1)));
    return {};
  }

  const std::vector<Vector> vectors_ = vectors_of("stored");
  const Sha256Digest digest_ = *Sha256Digest::from_bytes(wire::counting_bytes(0x10, 32));
  MemoryStore index_;
  high::ProgressStore progress_{posix_file_system(), index_, "unused"};
};

TEST_F(StoredVectors, DamageIsNamedByItsReader) {
  std::size_t bad = 0;
  for (const Vector& vector : vectors_) {
    if (!vector.good()) {
      SCOPED_TRACE(vector.name);
      index_.clear();
      put(vector);
      const auto read = read_with(vector.text("reader"));
      ASSERT_FALSE(read);
      expect_refusal(vector, read.error());
      ++bad;
    }
  }
  EXPECT_GT(bad, 0U);
}

TEST_F(StoredVectors, TheLedgerReadsItsEntries) {
  for (const char* name :
       {"stream", "stream-of-an-odd-name", "announced", "refused", "published"}) {
    put(named(name));
  }
  high::Ledger ledger(index_);
  ASSERT_TRUE(ledger.load());
  const high::Ledger::Stream& stream = ledger.streams().at("lab-low");
  EXPECT_EQ(stream.highest, 9U);
  EXPECT_EQ(stream.oldest, 4U);
  EXPECT_EQ(stream.base, 2U);
  EXPECT_EQ(ledger.streams().at(std::string("odd\0name", 8)).highest, 1U);
  EXPECT_TRUE(ledger.is_published({"lab-low", 6}));
  const high::OpenShipment* open = ledger.find({"lab-low", 7});
  ASSERT_NE(open, nullptr);
  EXPECT_EQ(open->manifest, digest_);
  EXPECT_EQ(open->manifest_bytes, 195U);
  EXPECT_EQ(to_unix_micros(open->heard), 1'700'000'000'000'000);
  ASSERT_NE(ledger.find({"lab-low", 8}), nullptr);  // open again
  EXPECT_EQ(ledger.find({"lab-low", 8})->cause, "its body is bad");
}

// The same entries, made by the ledger itself.
TEST_F(StoredVectors, TheLedgerWritesItsEntriesAlike) {
  high::Ledger ledger(index_);
  const UtcTime now = from_unix_micros(1'700'000'000'000'000);
  wire::ShipmentNotice notice{ShipmentSequence(6), digest_, 195, 0};
  for (const std::uint64_t sequence : {6U, 7U, 8U}) {
    notice.sequence = ShipmentSequence(sequence);
    ASSERT_EQ(ledger.announced("lab-low", notice, now), high::Ledger::Notice::kNew);
  }
  ledger.refuse({"lab-low", 8}, "its body is bad");
  store::Batch batch;
  ledger.put_published({"lab-low", 6}, Edition(5), now + std::chrono::microseconds(1), batch);
  index_.write(batch, store::Durability::kSynced).value();
  ledger.published({"lab-low", 6});
  ledger.heartbeat("lab-low", {now, ShipmentSequence(8), ShipmentSequence(2), {}}, now);
  ledger.heartbeat("lab-low", {now, ShipmentSequence(9), ShipmentSequence(4), {}}, now);
  ledger.save().value();
  for (const char* name : {"stream", "announced", "refused", "published"}) {
    const Vector& vector = named(name);
    EXPECT_EQ(index_.get(family_of(vector.text("family")), key_of(vector)).value(),
              characters(vector.bytes))
        << name;
  }
}

TEST_F(StoredVectors, TheCatalogReadsAndWritesDocumentsAlike) {
  put(named("document"));
  put(named("document-withdrawn"));
  const high::Catalog catalog(index_);
  const auto entry = catalog.find(Edition(5), "file", "drop/hello.txt").value();
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->body, "body");
  EXPECT_EQ(entry->since, Edition(5));
  EXPECT_EQ(entry->stream, "lab-low");
  EXPECT_EQ(entry->sequence, ShipmentSequence(6));
  EXPECT_FALSE(catalog.find(Edition(5), "file", "drop/gone").value());
  EXPECT_TRUE(catalog.state(Edition(5), "file", "drop/gone").value()->withdrawn);
  EXPECT_FALSE(catalog.find(Edition(4), "file", "drop/hello.txt").value());

  MemoryStore fresh;
  high::Catalog writer(fresh);
  proto::Shipment shipment;
  shipment.set_stream("lab-low");
  shipment.set_sequence(6);
  proto::Record record;
  record.set_ecosystem("file");
  record.set_document("drop/hello.txt");
  record.set_body("body");
  record.add_blobs(characters(digest_.bytes()));
  record.add_blobs(characters(wire::counting_bytes(0x50, 32)));
  for (int edition = 1; edition < 5; ++edition) {
    writer.publish({shipment, {}, UtcTime()}, {}).value();
  }
  writer.publish({shipment, {&record}, from_unix_micros(1'700'000'000'000'000)}, {}).value();
  EXPECT_EQ(fresh.get(Family::kDocuments, key_of(named("document"))).value(),
            characters(named("document").bytes));
}

TEST_F(StoredVectors, EditionsReadAndWriteAlike) {
  put(named("snapshot"));
  put(named("oldest-edition"));
  high::Editions editions(index_);
  ASSERT_TRUE(editions.load());
  EXPECT_EQ(editions.oldest(), Edition(12));
  const auto snapshot = editions.find_snapshot("2026-q4");
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->edition, Edition(17));
  EXPECT_EQ(to_unix_micros(snapshot->created), 1'700'000'000'000'000);
  EXPECT_EQ(to_unix_micros(snapshot->expires), 1'700'000'000'000'001);
  EXPECT_EQ(snapshot->note, "for the audit");
  MemoryStore fresh;
  high::Editions writer(fresh);
  ASSERT_TRUE(writer.add(*snapshot));
  ASSERT_TRUE(writer.retire(Edition(12), UtcTime()));
  for (const char* name : {"snapshot", "oldest-edition"}) {
    EXPECT_EQ(fresh.get(Family::kMeta, key_of(named(name))).value(), characters(named(name).bytes))
        << name;
  }
}

TEST_F(StoredVectors, ProgressAndEpochsReadAndWriteAlike) {
  put(named("parts"));
  const auto progress = progress_.load(digest_);
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->size, 1000U);
  EXPECT_EQ(progress->received.ranges(), (std::vector<high::Range>{{0, 100}, {500, 1000}}));
  EXPECT_EQ(to_unix_micros(progress->touched), 1'700'000'000'000'000);
  const TemporaryFolder folder;
  MemoryStore fresh;
  high::ProgressStore(posix_file_system(), fresh, folder.path()).save(*progress).value();
  EXPECT_EQ(fresh.get(Family::kParts, key_of(named("parts"))).value(),
            characters(named("parts").bytes));

  high::StoredEpochs(fresh).admit("lab-low", Epoch(3), SessionId(0x1122334455667788)).value();
  EXPECT_EQ(fresh.get(Family::kMeta, key_of(named("epoch"))).value(),
            characters(named("epoch").bytes));
}

// Where a secret key's file is read from disk, this one is.
Result<std::pair<std::string, crypto::KeyId>> read_key(const Vector& vector,
                                                       const std::filesystem::path& path) {
  const std::string text = vector.text("text");
  const bool signing = vector.text("use") == "signing";
  const auto named = [](const auto& key, const std::string& written) {
    return std::pair(written, key.id());
  };
  if (vector.text("kind") == "public") {
    if (signing) {
      SLUICE_TRY(const auto key, crypto::VerifyKey::parse(text, path));
      return named(key, key.file_text());
    }
    SLUICE_TRY(const auto key, crypto::SealingKey::parse(text, path));
    return named(key, key.file_text());
  }
  std::ofstream(path) << text;
  ::chmod(path.c_str(), 0600);
  const std::filesystem::path copy = path.parent_path() / "copy";
  if (signing) {
    SLUICE_TRY(const auto key, crypto::SigningKey::load(path));
    SLUICE_TRY_VOID(key.save(copy));
    std::stringstream written;
    written << std::ifstream(copy).rdbuf();
    return named(key.verify_key(), written.str());
  }
  SLUICE_TRY(const auto key, crypto::OpeningKey::load(path));
  SLUICE_TRY_VOID(key.save(copy));
  std::stringstream written;
  written << std::ifstream(copy).rdbuf();
  return named(key.sealing_key(), written.str());
}

TEST(KeyFileVectors, AreReadAndWrittenAlikeOrRefused) {
  for (const Vector& vector : vectors_of("key-file")) {
    SCOPED_TRACE(vector.name);
    const TemporaryFolder folder;
    const auto read = read_key(vector, folder / "key");
    ASSERT_EQ(read.has_value(), vector.good());
    if (!read) {
      EXPECT_EQ(read.error().code, ErrorCode::kInvalid);
      EXPECT_EQ(read.error().thing, (folder / "key").string());
      EXPECT_NE(read.error().cause.find(vector.text("cause")), std::string::npos);
      continue;
    }
    EXPECT_EQ(hex_encode(read->second), vector.fields().at("id").as_string());
    if (vector.flag("written")) {
      EXPECT_EQ(read->first, vector.text("text"));
    }
  }
}

}  // namespace
}  // namespace sluice::test
