#include "highside/media/volume_check.h"

#include <gtest/gtest.h>

#include <fstream>

#include "common/base/hasher.h"
#include "common/crypto/minisign.h"
#include "common/media/layout.h"
#include "tests/support/temporary_folder.h"

namespace sluice::high {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOurs = "01 23";

class VolumeCheckTest : public ::testing::Test {
 protected:
  VolumeCheckTest() {
    fs::create_directory(volume_ / "data");
    write("data/00.sluice", sector(0));
    write("TRANSFER.txt", "a sheet\n");
    manifest_.bundle = 1'795'932'062;
    manifest_.stream = "lab-low";
    manifest_.origin_user = "ann";
    manifest_.shipments = "1-2";
    manifest_.receivers = {"ff ff", std::string(kOurs)};
    for (const char* name : {"data/00.sluice", "TRANSFER.txt"}) {
      const std::string content = read(name);
      manifest_.artifacts.push_back({name, sha256(as_bytes(content)), content.size(), "s"});
    }
    sign();
  }

  std::string sector(std::uint32_t group) {
    media::GroupHead head{.stream = "lab-low",
                          .bundle = 1'795'932'062,
                          .volume = 1,
                          .group = group,
                          .session = SessionId(7),
                          .blocks = {1000}};
    return std::string(as_text(media::write_head(head, 0, Bytes(100, 1), key_)));
  }
  void write(const std::string& name, std::string_view content) {
    std::ofstream(volume_ / name, std::ios::binary) << content;
  }
  std::string read(const std::string& name) const {
    std::ifstream in(volume_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void sign() {
    const std::string text = media::write_manifest(manifest_);
    write(std::string(media::kManifestFile), text);
    write(std::string(media::kSignatureFile), crypto::Minisign::sign(key_, as_bytes(text), "v"));
  }
  Result<CheckedVolume> check() const {
    return check_volume("disc", open_folder(volume_.path()).value(), senders_, std::string(kOurs),
                        counters_);
  }
  void expect_refused(ErrorCode code, std::string_view cause) const {
    const auto checked = check();
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, code);
    EXPECT_NE(checked.error().message().find(cause), std::string::npos)
        << checked.error().message();
    EXPECT_TRUE(checked.error().thing.starts_with("disc")) << checked.error().thing;
  }

  test::TemporaryFolder volume_;
  crypto::SigningKey key_ = crypto::SigningKey::generate();
  Senders senders_{{"lab-low", key_.verify_key()}};
  media::VolumeManifest manifest_;
  mutable observe::Counters counters_;
};

TEST_F(VolumeCheckTest, WhatIsAsTheManifestSaysIsTaken) {
  const auto checked = check();
  ASSERT_TRUE(checked) << checked.error().message();
  EXPECT_EQ(checked->identity, (VolumeIdentity{"lab-low", 1'795'932'062, 1}));
  EXPECT_TRUE(checked->manifest.has_value());
  EXPECT_TRUE(checked->damage.empty());
}

TEST_F(VolumeCheckTest, AFileThatIsNotNamedIsRefused) {
  write("data/setup.exe", "MZ");
  expect_refused(ErrorCode::kRefused, "data/setup.exe: the manifest does not name this file");
  EXPECT_EQ(counters_.get(observe::Metric::kImportUnnamedFile), 1U);
}

TEST_F(VolumeCheckTest, LinksAndFoldersBelowAreRefused) {
  fs::remove(volume_ / "TRANSFER.txt");
  fs::create_symlink("/etc/passwd", volume_ / "TRANSFER.txt");
  expect_refused(ErrorCode::kRefused, "is neither a file");
  fs::remove(volume_ / "TRANSFER.txt");
  fs::create_directories(volume_ / "data/deep");
  expect_refused(ErrorCode::kRefused, "data/deep");
}

TEST_F(VolumeCheckTest, EveryChangedByteOfTheManifestIsRefused) {
  const std::string text = read(std::string(media::kManifestFile));
  for (std::size_t at = 0; at < text.size(); at += 7) {
    std::string changed = text;
    changed[at] = changed[at] == 'a' ? 'b' : 'a';
    write(std::string(media::kManifestFile), changed);
    const auto checked = check();
    ASSERT_FALSE(checked) << at;
    EXPECT_TRUE(checked.error().code == ErrorCode::kIntegrity ||
                checked.error().code == ErrorCode::kRefused);
  }
}

TEST_F(VolumeCheckTest, AnotherStreamIsNamed) {
  manifest_.stream = "plant-low";
  sign();
  expect_refused(ErrorCode::kRefused, "volume of the stream plant-low");
  EXPECT_EQ(counters_.get(observe::Metric::kImportOtherStream), 1U);
}

TEST_F(VolumeCheckTest, AVolumeForOthersIsRefused) {
  manifest_.receivers = {"ff ff"};
  sign();
  expect_refused(ErrorCode::kRefused, "sealed to other sites' keys");
  EXPECT_EQ(counters_.get(observe::Metric::kImportOtherSite), 1U);
}

TEST_F(VolumeCheckTest, AnUnsignedOneIsRefused) {
  fs::remove(volume_ / media::kSignatureFile);
  expect_refused(ErrorCode::kIntegrity, "has no transfer_manifest.json.minisig");
  fs::remove(volume_ / media::kManifestFile);
  expect_refused(ErrorCode::kInvalid, "has no transfer_manifest.json");
  EXPECT_EQ(counters_.get(observe::Metric::kImportBadSignature), 1U);
  EXPECT_EQ(counters_.get(observe::Metric::kImportUnreadable), 1U);
}

// A destroyed sector is not a change: the heads in the data files are signed as well.
TEST_F(VolumeCheckTest, AManifestThatCannotBeReadIsDoneWithout) {
  std::string text = read(std::string(media::kManifestFile));
  text.replace(10, 20, std::string(20, '\0'));
  write(std::string(media::kManifestFile), text);
  const auto checked = check();
  ASSERT_TRUE(checked) << checked.error().message();
  EXPECT_FALSE(checked->manifest.has_value());
  EXPECT_EQ(checked->identity, (VolumeIdentity{"lab-low", 1'795'932'062, 1}));
  EXPECT_EQ(checked->damage.size(), 1U);
  write("other.txt", "x");
  expect_refused(ErrorCode::kRefused, "other.txt: the manifest does not name this file");
  fs::remove(volume_ / "other.txt");
  std::string head = sector(0);
  head[200] = static_cast<char>(head[200] ^ 1);
  write("data/00.sluice", head);
  expect_refused(ErrorCode::kIntegrity, "no data file has a head");
}

TEST_F(VolumeCheckTest, DamageBesideTheDataIsTold) {
  write("TRANSFER.txt", "b sheet\n");
  const auto checked = check();
  ASSERT_TRUE(checked);
  ASSERT_EQ(checked->damage.size(), 1U);
  EXPECT_NE(checked->damage[0].find("TRANSFER.txt is not what was written"), std::string::npos);
}

}  // namespace
}  // namespace sluice::high
