#include "common/crypto/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "common/base/text.h"

namespace sluice::crypto {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Keys : public ::testing::Test {
 public:
  Keys() {
    std::string name = (fs::temp_directory_path() / "sluice-keys-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;
  ~Keys() override { fs::remove_all(folder_); }

 protected:
  fs::path write(const std::string& name, const std::string& text, mode_t mode) {
    fs::path path = folder_ / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  static std::string read(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static mode_t mode_of(const fs::path& path) {
    struct stat info{};
    ::stat(path.c_str(), &info);
    return info.st_mode & 07777;
  }

  fs::path folder_;
};

// RFC 8032, section 7.1, test 1.
constexpr std::string_view kSeedHex =
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
constexpr std::string_view kPublicHex =
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
// RFC 7748, section 6.1, Alice.
constexpr std::string_view kX25519SecretHex =
    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";

constexpr std::string_view kX25519PublicHex =
    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";

std::string key_text(std::string_view title, std::string_view hex) {
  return std::string(title) + "\n" + base64_encode(hex_decode(hex).value()) + "\n";
}

TEST_F(Keys, ASigningKeyComesBackFromItsFile) {
  const SigningKey key = SigningKey::generate();
  const fs::path path = folder_ / "signing.key";
  ASSERT_TRUE(key.save(path));
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_TRUE(read(path).starts_with("sluice signing secret key v1\n"));
  const SigningKey loaded = SigningKey::load(path).value();
  EXPECT_EQ(loaded.verify_key(), key.verify_key());
  const ByteView message = as_bytes("message");
  EXPECT_EQ(loaded.sign(Domain::kBlock, message), key.sign(Domain::kBlock, message));
}

TEST_F(Keys, AnOpeningKeyComesBackFromItsFile) {
  const OpeningKey key = OpeningKey::generate();
  const fs::path path = folder_ / "opening.key";
  ASSERT_TRUE(key.save(path));
  EXPECT_EQ(mode_of(path), 0600U);
  const OpeningKey loaded = OpeningKey::load(path).value();
  EXPECT_EQ(loaded.sealing_key(), key.sealing_key());
  const Bytes sealed = key.sealing_key().seal(as_bytes("secret"));
  EXPECT_EQ(as_text(loaded.open(sealed).value()), "secret");
}

TEST_F(Keys, PublicKeysComeBackFromTheirFiles) {
  const VerifyKey verify = SigningKey::generate().verify_key();
  ASSERT_TRUE(save_public_key(folder_ / "verify.pub", verify.file_text()));
  EXPECT_EQ(mode_of(folder_ / "verify.pub"), 0644U);
  EXPECT_EQ(VerifyKey::load(folder_ / "verify.pub").value(), verify);

  const SealingKey sealing = OpeningKey::generate().sealing_key();
  ASSERT_TRUE(save_public_key(folder_ / "sealing.pub", sealing.file_text()));
  EXPECT_EQ(SealingKey::load(folder_ / "sealing.pub").value(), sealing);
}

TEST_F(Keys, KnownSigningKeyOfTheRfc) {
  const SigningKey signing =
      SigningKey::load(write("s", key_text("sluice signing secret key v1", kSeedHex), 0600))
          .value();
  EXPECT_EQ(signing.verify_key().file_text(), key_text("sluice signing public key v1", kPublicHex));
  EXPECT_EQ(signing.verify_key().fingerprint(),
            hex_encode(signing.verify_key().id()) +
                " (d75a 9801 82b1 0ab7 d54b fed3 c964 073a 0ee1 72f3 daa6 2325 af02 1a68 f707 "
                "511a)");
}

TEST_F(Keys, KnownSealingKeyOfTheRfc) {
  const OpeningKey opening =
      OpeningKey::load(write("o", key_text("sluice sealing secret key v1", kX25519SecretHex), 0600))
          .value();
  EXPECT_EQ(opening.sealing_key().file_text(),
            key_text("sluice sealing public key v1", kX25519PublicHex));
}

TEST_F(Keys, SecretsThatOthersMayTouchAreRefusedWithTheCure) {
  const std::string text = key_text("sluice signing secret key v1", kSeedHex);
  const std::string opening = key_text("sluice sealing secret key v1", kX25519SecretHex);
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0610U, 0601U, 0644U, 0666U}) {
    const auto refused = SigningKey::load(write("key", text, mode));
    ASSERT_FALSE(refused) << std::oct << mode;
    EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
    EXPECT_THAT(refused.error().message(), HasSubstr("chmod 600 " + (folder_ / "key").string()));
    EXPECT_FALSE(OpeningKey::load(write("opening", opening, mode)));
  }
  for (const mode_t mode : {0600U, 0400U}) {
    EXPECT_TRUE(SigningKey::load(write("key", text, mode)));
    EXPECT_TRUE(OpeningKey::load(write("opening", opening, mode)));
  }
}

TEST_F(Keys, NoKeyIsEverOverwritten) {
  const SigningKey key = SigningKey::generate();
  const fs::path path = write("key", "precious", 0600);
  const auto refused = key.save(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_FALSE(OpeningKey::generate().save(path));
  EXPECT_FALSE(save_public_key(path, key.verify_key().file_text()));
  EXPECT_EQ(read(path), "precious");
  fs::create_symlink(folder_ / "elsewhere", folder_ / "link");
  EXPECT_FALSE(key.save(folder_ / "link"));
  EXPECT_FALSE(fs::exists(folder_ / "elsewhere"));
}

TEST_F(Keys, WhatABrokenOffAttemptLeftIsNoKey) {
  write("key.new", "", 0600);
  const fs::path path = folder_ / "key";
  const SigningKey key = SigningKey::generate();
  ASSERT_TRUE(key.save(path));
  EXPECT_EQ(SigningKey::load(path).value().verify_key().file_text(), key.verify_key().file_text());
  EXPECT_FALSE(key.save(path));
  EXPECT_FALSE(fs::exists(folder_ / "key.new"));
}

TEST_F(Keys, FilesThatAreNotThisKindOfKeyAreNamed) {
  const std::string good = key_text("sluice signing secret key v1", kSeedHex);
  struct Case {
    const char* what;
    std::string text;
  };
  const std::string title = "sluice signing secret key v1\n";
  for (const Case& bad : {Case{"empty", ""},
                          {"public", key_text("sluice signing public key v1", kPublicHex)},
                          {"opening", key_text("sluice sealing secret key v1", kSeedHex)},
                          {"version", key_text("sluice signing secret key v2", kSeedHex)},
                          {"title only", title},
                          {"no line end", "sluice signing secret key v1"},
                          {"short", title + base64_encode(Bytes(31)) + "\n"},
                          {"long", title + base64_encode(Bytes(33)) + "\n"},
                          {"not base64", title + std::string(43, '!') + "=\n"},
                          {"third line", good + "more\n"},
                          {"two line ends", good + "\n"},
                          {"leading space", " " + good},
                          {"space in base64", title + " " + good.substr(title.size())},
                          {"huge", good + std::string(100'000, 'x')}}) {
    const fs::path path = write("key", bad.text, 0600);
    const auto refused = SigningKey::load(path);
    ASSERT_FALSE(refused) << bad.what;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid) << bad.what;
    EXPECT_EQ(refused.error().thing, path.string());
  }
  EXPECT_TRUE(SigningKey::load(write("key", good.substr(0, good.size() - 1), 0600)));
}

TEST_F(Keys, FilesThatAreNotThereOrNotFiles) {
  EXPECT_EQ(SigningKey::load(folder_ / "none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(VerifyKey::load(folder_ / "none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(SigningKey::generate().save(folder_ / "none" / "key").error().code,
            ErrorCode::kNotFound);
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(SigningKey::load(pipe).error().code, ErrorCode::kInvalid);
}

TEST_F(Keys, PublicKeysThatCannotBeAreRefused) {
  const std::string zero(64, '0');
  const auto no_point = VerifyKey::parse(key_text("sluice signing public key v1", zero), "k");
  ASSERT_FALSE(no_point);
  EXPECT_EQ(no_point.error().code, ErrorCode::kInvalid);
  // Every secret shared with zero is zero.
  EXPECT_FALSE(SealingKey::parse(key_text("sluice sealing public key v1", zero), "k"));
  EXPECT_FALSE(SealingKey::parse(key_text("sluice signing public key v1", kPublicHex), "k"));
}

TEST(Signatures, HoldForTheirMessageDomainAndKeyOnly) {
  const SigningKey key = SigningKey::generate();
  const Bytes message(100, 7);
  const Signature signature = key.sign(Domain::kBlock, message);
  const VerifyKey verify = key.verify_key();
  EXPECT_TRUE(verify.verify(Domain::kBlock, message, signature));
  EXPECT_FALSE(verify.verify(Domain::kAnnounce, message, signature));
  EXPECT_FALSE(verify.verify(Domain::kShipment, message, signature));
  EXPECT_FALSE(SigningKey::generate().verify_key().verify(Domain::kBlock, message, signature));
  EXPECT_FALSE(verify.verify(Domain::kBlock, ByteView(message).first(99), signature));
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    Signature bad = signature;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    EXPECT_FALSE(verify.verify(Domain::kBlock, message, bad)) << bit;
  }
}

TEST(Sealing, OnlyTheReceiverOpensAndOnlyWhatWasSealed) {
  const OpeningKey receiver = OpeningKey::generate();
  const Bytes sealed = receiver.sealing_key().seal(Bytes(32, 5));
  EXPECT_EQ(sealed.size(), 32U + 48U);
  EXPECT_EQ(receiver.open(sealed).value(), Bytes(32, 5));
  EXPECT_EQ(OpeningKey::generate().open(sealed).error().code, ErrorCode::kIntegrity);
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(receiver.open(ByteView(sealed).first(size))) << size;
  }
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes bad = sealed;
    bad[i] ^= 1;
    EXPECT_FALSE(receiver.open(bad)) << i;
  }
  EXPECT_NE(receiver.sealing_key().seal(Bytes(32, 5)), sealed);  // a fresh key each time
}

}  // namespace
}  // namespace sluice::crypto
