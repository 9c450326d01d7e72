#include "common/wire/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "common/wire/envelope.h"
#include "tests/unit/common/wire/fixed_keys.h"

namespace sluice::wire {
namespace {

using ::testing::HasSubstr;

proto::Shipment good_shipment() {
  proto::Shipment shipment;
  shipment.set_stream("lab-low");
  shipment.set_sequence(12);
  shipment.add_after(11);
  for (const char name : {'a', 'b'}) {
    proto::Blob& blob = *shipment.add_blobs();
    blob.set_sha256(std::string(32, name));
    blob.set_size(1000);
    proto::Alias& alias = *blob.add_aliases();
    alias.set_algorithm(proto::SHA512);
    alias.set_digest(std::string(64, name));
    proto::Record& record = *shipment.add_records();
    record.set_ecosystem("npm");
    record.set_document(std::string(1, name));
    record.set_body("body");
    record.add_blobs(std::string(32, name));
  }
  return shipment;
}

class Manifest : public ::testing::Test {
 protected:
  Result<proto::Shipment> read(const proto::Shipment& shipment) const {
    return read_manifest(sign_manifest(shipment, key_), key_.verify_key());
  }
  // A payload that no serializer made.
  Result<proto::Shipment> read(const std::string& payload) const {
    return read_manifest(as_bytes(write_envelope(crypto::Domain::kShipment, payload, key_)),
                         key_.verify_key());
  }
  template <class What>
  void expect_invalid(std::string_view cause, const What& what) const {
    const auto refused = read(what);
    ASSERT_FALSE(refused) << cause;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(refused.error().message(), HasSubstr(std::string(cause)));
  }

  crypto::SigningKey key_ = fixed_signing_key();
};

TEST_F(Manifest, ComesBack) {
  const auto got = read(good_shipment());
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->SerializeAsString(), good_shipment().SerializeAsString());
}

TEST_F(Manifest, OfAnotherKeyOrDomainIsNotParsed) {
  const Bytes bytes = sign_manifest(good_shipment(), key_);
  EXPECT_EQ(read_manifest(bytes, fixed_signing_key(1).verify_key()).error().code,
            ErrorCode::kIntegrity);
  const std::string announce =
      write_envelope(crypto::Domain::kAnnounce, good_shipment().SerializeAsString(), key_);
  EXPECT_EQ(read_manifest(as_bytes(announce), key_.verify_key()).error().code,
            ErrorCode::kIntegrity);
}

TEST_F(Manifest, NoFlippedByteAndNoTruncationIsTaken) {
  const Bytes bytes = sign_manifest(good_shipment(), key_);
  const std::size_t hint = 10;  // the key's id, not signed
  for (std::size_t i = 0; i + hint < bytes.size(); ++i) {
    Bytes bad = bytes;
    bad[i] ^= 1;
    EXPECT_FALSE(read_manifest(bad, key_.verify_key())) << i;
    EXPECT_FALSE(read_manifest(ByteView(bytes).first(i), key_.verify_key())) << i;
  }
}

TEST_F(Manifest, LargerThanTheLimitIsNotLookedAt) {
  const Bytes bytes(limits::kMaxManifestBytes + 1);
  const auto refused = read_manifest(bytes, key_.verify_key());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("bytes, more than"));
}

TEST_F(Manifest, StreamAndSequenceMustBeSet) {
  proto::Shipment bad = good_shipment();
  bad.clear_stream();
  expect_invalid("stream", bad);
  bad.set_stream("a/b");
  expect_invalid("stream", bad);
  bad = good_shipment();
  bad.clear_sequence();
  expect_invalid("no sequence", bad);
}

TEST_F(Manifest, PredecessorsComeBefore) {
  for (const std::uint64_t after : {0U, 12U, 13U}) {
    proto::Shipment bad = good_shipment();
    bad.set_after(0, after);
    expect_invalid("not before it", bad);
  }
  proto::Shipment bad = good_shipment();
  bad.mutable_after()->Resize(32, 1);
  EXPECT_TRUE(read(bad));
  bad.mutable_after()->Resize(33, 1);
  expect_invalid("comes after more than", bad);
  bad.mutable_after()->Resize(100'000, 1);
  expect_invalid("comes after more than", bad);
}

TEST_F(Manifest, BlobsMustBeNamedOnceAndFit) {
  proto::Shipment bad = good_shipment();
  bad.mutable_blobs(1)->mutable_sha256()->pop_back();
  expect_invalid("not named by a SHA-256", bad);
  bad = good_shipment();
  bad.mutable_blobs(1)->set_sha256(bad.blobs(0).sha256());
  expect_invalid("twice", bad);
  bad = good_shipment();
  bad.mutable_blobs(0)->set_size(limits::kMaxBlobBytes);
  EXPECT_TRUE(read(bad));
  bad.mutable_blobs(0)->set_size(limits::kMaxBlobBytes + 1);
  expect_invalid("more than the limit", bad);
}

TEST_F(Manifest, AliasesHaveTheirLengths) {
  struct Case {
    proto::DigestAlgorithm algorithm;
    std::size_t bytes;
  };
  for (const Case& alias : {Case{proto::SHA256, 32},
                            {proto::SHA512, 64},
                            {proto::SHA1, 20},
                            {proto::MD5, 16},
                            {proto::GIT_BLOB_SHA1, 20}}) {
    proto::Shipment shipment = good_shipment();
    proto::Alias& changed = *shipment.mutable_blobs(0)->mutable_aliases(0);
    changed.set_algorithm(alias.algorithm);
    changed.set_digest(std::string(alias.bytes, 'd'));
    EXPECT_TRUE(read(shipment)) << alias.algorithm;
    changed.mutable_digest()->push_back('d');
    expect_invalid("wrong length", shipment);
  }
  proto::Shipment newer = good_shipment();
  newer.mutable_blobs(0)->mutable_aliases(0)->set_algorithm(static_cast<proto::DigestAlgorithm>(9));
  EXPECT_TRUE(read(newer));
}

TEST_F(Manifest, RecordsMustBeNamedOnceAndHold) {
  proto::Shipment bad = good_shipment();
  bad.mutable_records(0)->clear_ecosystem();
  expect_invalid("empty", bad);
  bad = good_shipment();
  bad.mutable_records(0)->clear_document();
  expect_invalid("empty", bad);
  bad = good_shipment();
  bad.mutable_records(0)->set_document(std::string(limits::kMaxDocumentNameBytes, 'd'));
  EXPECT_TRUE(read(bad));
  bad.mutable_records(0)->mutable_document()->push_back('d');
  expect_invalid("longer than", bad);
  bad = good_shipment();
  bad.mutable_records(1)->set_document("a");
  expect_invalid("two records of npm a", bad);
  bad.mutable_records(1)->set_ecosystem("apt");
  EXPECT_TRUE(read(bad));
  bad = good_shipment();
  bad.mutable_records(0)->mutable_blobs(0)->pop_back();
  expect_invalid("not named by a SHA-256", bad);
  bad = good_shipment();
  bad.mutable_records(0)->set_withdrawn(true);
  expect_invalid("withdraws", bad);
  bad.mutable_records(0)->clear_body();
  expect_invalid("withdraws", bad);
  bad.mutable_records(0)->clear_blobs();
  EXPECT_TRUE(read(bad));
}

// `count` empty messages in the field `number` (below 16): two bytes each.
std::string empty_messages(int number, std::size_t count) {
  std::string payload;
  for (std::size_t i = 0; i < count; ++i) {
    payload += static_cast<char>(number << 3 | 2);
    payload += '\0';
  }
  return payload;
}

TEST_F(Manifest, ListsAreCountedBeforeTheyAreBuilt) {
  expect_invalid("blobs, more than", empty_messages(6, limits::kMaxBlobsPerShipment + 1));
  expect_invalid("records, more than", empty_messages(7, limits::kMaxRecordsPerShipment + 1));
  expect_invalid("fields", empty_messages(9, kMaxManifestFields + 1));
  // One record with a list of too many empty blobs.
  const std::string inner = empty_messages(4, kMaxManifestFields);
  std::string payload = good_shipment().SerializeAsString();
  payload += '\x3a';  // records
  for (std::size_t rest = inner.size(); rest > 0; rest >>= 7) {
    payload += static_cast<char>((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0));
  }
  expect_invalid("fields", payload + inner);
}

std::string field(int number, const std::string& bytes) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  for (std::size_t rest = bytes.size(); rest > 0; rest >>= 7) {
    out += static_cast<char>((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0));
  }
  return out + bytes;
}

TEST_F(Manifest, FieldsAreCountedAtAllDepthsAndBehindGroups) {
  const std::string many = empty_messages(2, kMaxManifestFields);
  const std::string start = good_shipment().SerializeAsString();
  // In the body of a record, such as versions of an npm package.
  expect_invalid("fields", start + field(7, field(3, many)));
  // Unknown ones in an alias of a blob.
  expect_invalid("fields", start + field(6, field(3, many)));
  // Behind a group, at which a walk that knows none would end.
  expect_invalid("fields", start + field(6, "\x7b\x7c" + many));
}

TEST_F(Manifest, SignedGarbageIsInvalid) {
  expect_invalid("cannot be parsed", std::string("\xff\xff\xff"));
  expect_invalid("cannot be parsed", std::string("\x32\x05zz", 4));  // a blob cut short
  expect_invalid("cannot be parsed", std::string("\x32\x02\x0a\x05", 4));
}

}  // namespace
}  // namespace sluice::wire
