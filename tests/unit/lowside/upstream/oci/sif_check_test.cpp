#include "lowside/upstream/oci/sif_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/base/hasher.h"
#include "tests/support/gpg_signer.h"
#include "tests/support/sif_image.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

using observe::Metric;
using sluice::test::SifImage;
using sluice::test::Signer;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SifCheckTest : public testing::Test {
 protected:
  static Signer& known() {
    static Signer one;
    return one;
  }
  static Signer& stranger() {
    static Signer one;
    return one;
  }
  static std::string image_of(const std::string& content, Signer* signer = nullptr) {
    SifImage image;
    image.objects = {{.data = content}};
    if (signer != nullptr) {
      image.add_signature(1, signer->clearsign(image.signed_text(1)));
    }
    return image.bytes();
  }
  void write_keyring(const std::string& keys, std::chrono::seconds age) {
    std::ofstream(keyring_, std::ios::trunc) << keys;
    std::filesystem::last_write_time(keyring_, std::filesystem::file_time_type::clock::now() - age);
  }
  Result<Evidence> check(SifCheck& with, const std::string& bytes) {
    const auto path = folder_ / "x.sif";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    return with.check("x.sif", sha256(as_bytes(bytes)), path, {});
  }
  static proto::Blob blob_with(const std::string& detail) {
    proto::Blob blob;
    auto& evidence = *blob.add_evidence();
    evidence.set_kind(std::string(kSifEvidence));
    evidence.set_detail(detail);
    return blob;
  }

  sluice::test::TemporaryFolder folder_;
  const std::filesystem::path keyring_ = folder_ / "keys";
  observe::Counters counters_;
};

TEST_F(SifCheckTest, VerdictsDecideAndAreCounted) {
  write_keyring(known().armored(), std::chrono::seconds(0));
  SifCheck verifies({.keyring = keyring_}, counters_);
  SifCheck demands({.keyring = keyring_, .requires_signatures = true}, counters_);
  EXPECT_THAT(check(verifies, image_of("a", &known())).value().detail, StartsWith("good "));
  EXPECT_EQ(check(verifies, image_of("a")).value().detail, "unsigned");
  EXPECT_EQ(check(demands, image_of("a")).error().code, ErrorCode::kRefused);
  std::string changed = image_of("changed", &known());
  changed[changed.find("changed")] ^= 1;
  EXPECT_EQ(check(verifies, changed).error().code, ErrorCode::kIntegrity);
  EXPECT_THAT(check(verifies, image_of("a", &stranger())).error().cure, HasSubstr("sif.keyring"));
  EXPECT_EQ(check(verifies, "no image").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(counters_.get(Metric::kSifGood), 1U);
  EXPECT_EQ(counters_.get(Metric::kSifUnsigned), 2U);
  EXPECT_EQ(counters_.get(Metric::kSifBad), 1U);
  EXPECT_EQ(counters_.get(Metric::kSifUnknownKey), 1U);
  EXPECT_EQ(counters_.get(Metric::kSifMalformed), 1U);
}

TEST_F(SifCheckTest, WithoutAKeyringTheStructureAloneCounts) {
  SifCheck plain({}, counters_);
  EXPECT_EQ(check(plain, image_of("a", &stranger())).value().detail, "not-checked");
  EXPECT_FALSE(check(plain, "no image"));
}

TEST_F(SifCheckTest, ARefusalIsRememberedUntilTheKeyringChanges) {
  write_keyring(known().armored(), std::chrono::seconds(60));
  SifCheck verifies({.keyring = keyring_}, counters_);
  const std::string image = image_of("a", &stranger());
  const Sha256Digest digest = sha256(as_bytes(image));
  EXPECT_FALSE(verifies.refusal(digest));
  EXPECT_FALSE(check(verifies, image));
  EXPECT_TRUE(verifies.refusal(digest));
  write_keyring(stranger().armored(), std::chrono::seconds(0));
  EXPECT_FALSE(verifies.refusal(digest));
  EXPECT_TRUE(check(verifies, image));
  EXPECT_FALSE(verifies.refusal(digest));
}

TEST_F(SifCheckTest, WhatWasFoundBeforeIsEnoughOrIsNot) {
  write_keyring(known().armored(), std::chrono::seconds(0));
  const SifCheck plain({}, counters_);
  const SifCheck verifies({.keyring = keyring_}, counters_);
  const SifCheck demands({.keyring = keyring_, .requires_signatures = true}, counters_);
  struct Case {
    proto::Blob blob;
    bool plain;
    bool verifies;
    bool demands;
  };
  const Case cases[] = {{proto::Blob(), false, false, false},  // another source brought it
                        {blob_with("not-checked"), true, false, false},
                        {blob_with("unsigned"), true, true, false},
                        {blob_with("good ABCD"), true, true, true}};
  for (const Case& one : cases) {
    EXPECT_EQ(plain.is_enough(one.blob), one.plain);
    EXPECT_EQ(verifies.is_enough(one.blob), one.verifies);
    EXPECT_EQ(demands.is_enough(one.blob), one.demands);
  }
}

}  // namespace
}  // namespace sluice::low
