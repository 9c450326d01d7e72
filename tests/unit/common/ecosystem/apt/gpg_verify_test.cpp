#include "common/ecosystem/apt/gpg_verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file_system.h"
#include "common/ecosystem/apt/keyring.h"
#include "tests/support/gpg_signer.h"

namespace sluice::apt {
namespace {

using ::testing::HasSubstr;

using test::Signer;

Signer& signer() {
  static Signer one;
  return one;
}
Bytes keyring_of(Signer& of) { return dearmor("key", of.armored()).value(); }

const std::string kText = "Origin: Test\n- dashed\nDate: today\n";

TEST(Keyring, ArmorRoundTripsAsGpgWritesIt) {
  const Bytes keys = dearmor("key", signer().armored()).value();
  EXPECT_EQ(as_text(keys), signer().binary());
  EXPECT_EQ(armor(keys), signer().armored());
  EXPECT_EQ(dearmor("key", signer().binary()).value(), keys);
  EXPECT_EQ(dearmor("key", signer().armored() + "\nand\n" + signer().armored()).value().size(),
            2 * keys.size());
}

TEST(Keyring, RefusesWhatIsNoKey) {
  const std::string armored = signer().armored();
  for (const std::string& bad :
       {std::string(), std::string("<html>"), armored.substr(0, armored.size() / 2),
        std::string("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!\n-----END PGP "
                    "PUBLIC KEY BLOCK-----\n")}) {
    EXPECT_EQ(dearmor("key", bad).error().code, ErrorCode::kInvalid) << bad;
  }
  EXPECT_EQ(load_keyring({"/nowhere/key.gpg"}, "").error().code, ErrorCode::kNotFound);
}

TEST(GpgVerify, GivesBackExactlyWhatWasSigned) {
  const auto result =
      verify_in_release("InRelease", signer().clearsign(kText), keyring_of(signer()), {});
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->text, kText);
  EXPECT_EQ(result->fingerprint.size(), 40U);
}

TEST(GpgVerify, RefusesAnotherKey) {
  Signer other;
  const auto result =
      verify_in_release("InRelease", signer().clearsign(kText), keyring_of(other), {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kIntegrity);
  EXPECT_THAT(result.error().message(), HasSubstr("keys that the keyring does not hold"));
}

TEST(GpgVerify, RefusesChangedTextAndWhatStandsAround) {
  const std::string good = signer().clearsign(kText);
  std::string changed = good;
  changed.replace(changed.find("today"), 5, "later");
  const std::string garbage = "<html>not found</html>";
  for (const std::string& bad :
       {changed, "Origin: evil\n" + good, good + "Origin: evil\n", good + good, garbage,
        std::string(), good.substr(0, good.size() / 2), kText}) {
    const auto result = verify_in_release("InRelease", bad, keyring_of(signer()), {});
    ASSERT_FALSE(result) << bad;
    EXPECT_EQ(result.error().code, ErrorCode::kIntegrity);
    EXPECT_EQ(result.error().thing, "InRelease");
  }
}

TEST(GpgVerify, ChecksDetachedSignatures) {
  const std::string signature = signer().detach(kText);
  const Bytes keyring = keyring_of(signer());
  EXPECT_EQ(verify_release("Release", kText, signature, keyring, {}).value().text, kText);
  EXPECT_EQ(verify_release("Release", kText + "x", signature, keyring, {}).error().code,
            ErrorCode::kIntegrity);
  EXPECT_EQ(verify_release("Release", kText, "garbage", keyring, {}).error().code,
            ErrorCode::kIntegrity);
  Signer other;
  EXPECT_EQ(verify_release("Release", kText, signature, keyring_of(other), {}).error().code,
            ErrorCode::kIntegrity);
}

}  // namespace
}  // namespace sluice::apt
