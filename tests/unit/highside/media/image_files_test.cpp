// Images whose file system is gone: what is found by sectors alone.
#include <gtest/gtest.h>

#include <fstream>

#include "common/crypto/minisign.h"
#include "common/media/layout.h"
#include "highside/media/volume_check.h"
#include "tests/support/temporary_folder.h"

namespace sluice::high {
namespace {

constexpr std::uint64_t kBundle = 1'795'932'062;
constexpr std::size_t kBefore = 40;  // sectors of what was the file system
constexpr std::uint8_t kFiles = 4;

class ImageFilesTest : public ::testing::Test {
 protected:
  // Groups of 1000 bytes each: the file's part of them has `slice_` sectors.
  media::GroupHead head(std::uint64_t bundle, std::uint32_t group) const {
    return {.stream = "lab-low",
            .bundle = bundle,
            .volume = 1,
            .group = group,
            .last = group + 1 == groups_,
            .sector = group * slice_,
            .files = kFiles,
            .session = SessionId(7),
            .blocks = {100'000}};
  }
  void add_files(std::uint64_t bundle) {
    for (std::uint8_t file = 0; file < kFiles; ++file) {
      for (std::uint32_t group = 0; group < groups_; ++group) {
        add(as_text(media::write_head(head(bundle, group), file, Bytes(100, 1), key_)));
        add(std::string((slice_ - 1) * media::kSectorBytes, 'x'));
      }
    }
  }
  void add_papers(std::uint64_t bundle) {
    media::VolumeManifest manifest;
    manifest.bundle = bundle;
    manifest.stream = "lab-low";
    manifest.shipments = "1-2";
    manifest.receivers = {"01 23"};
    manifest.reason = std::string(3000, 'r');  // more than a sector
    for (std::uint8_t file = 0; file < kFiles; ++file) {
      manifest.artifacts.push_back({"data/0" + std::to_string(file) + ".sluice", Sha256Digest(),
                                    groups_ * slice_ * media::kSectorBytes, "s"});
    }
    const std::string text = media::write_manifest(manifest);
    ASSERT_TRUE(text.starts_with(media::kManifestBegin));
    add(text);
    add(crypto::Minisign::sign(key_, as_bytes(text), "v"));
  }
  void add(std::string_view content) {
    image_ += content;
    image_.resize((image_.size() + media::kSectorBytes - 1) / media::kSectorBytes *
                  media::kSectorBytes);
  }
  void destroy(std::size_t sector) {
    image_.replace(sector * media::kSectorBytes, media::kSectorBytes,
                   std::string(media::kSectorBytes, '\xa5'));
  }
  // Of the file's head of that group.
  std::size_t sector_of(std::uint8_t file, std::uint32_t group) const {
    return kBefore + (file * groups_ + group) * slice_;
  }
  std::unique_ptr<VolumeFiles> open() {
    std::ofstream(folder_.path() / "image.iso", std::ios::binary) << image_;
    return open_image(folder_.path() / "image.iso").value();
  }
  Result<CheckedVolume> check() {
    return check_volume("disc", open(), {{"lab-low", key_.verify_key()}}, "01 23", counters_);
  }
  void expect_data(const VolumeFiles& files) const {
    for (std::uint8_t file = 0; file < kFiles; ++file) {
      const std::string name = "data/0" + std::to_string(file) + ".sluice";
      const auto reader = files.open(name);
      ASSERT_TRUE(reader) << name;
      EXPECT_EQ((*reader)->bytes(), groups_ * slice_ * media::kSectorBytes) << name;
      Bytes sector(media::kSectorBytes);
      for (std::uint32_t group = 0; group < groups_; ++group) {
        (*reader)->read(group * slice_ * media::kSectorBytes, sector);
        const std::string_view there =
            std::string_view(image_).substr(sector_of(file, group) * media::kSectorBytes);
        EXPECT_EQ(as_text(sector), there.substr(0, media::kSectorBytes)) << name;
      }
    }
  }

  test::TemporaryFolder folder_;
  observe::Counters counters_;
  crypto::SigningKey key_ = crypto::SigningKey::generate();
  std::uint32_t groups_ = 2;
  std::uint64_t slice_ = media::slice_sectors(
      {.stream = "s", .files = kFiles, .session = SessionId(1), .blocks = {100'000}});
  std::string image_ = std::string(kBefore * media::kSectorBytes, '\xa5');
};

TEST_F(ImageFilesTest, FilesAreFoundByTheirHeadsAndTheManifestBehindThem) {
  add_files(kBundle);
  add_papers(kBundle);
  const auto checked = check();
  ASSERT_TRUE(checked) << checked.error().message();
  EXPECT_TRUE(checked->files->salvaged());
  ASSERT_TRUE(checked->manifest.has_value());
  EXPECT_EQ(checked->manifest->shipments, "1-2");
  EXPECT_EQ(checked->damage.size(), 1U) << checked->damage.back();
  expect_data(*checked->files);
}

TEST_F(ImageFilesTest, AFileWithoutAnyHeadLiesBetweenTheOthers) {
  add_files(kBundle);
  for (const std::uint8_t file : std::initializer_list<std::uint8_t>{0, 2}) {
    destroy(sector_of(file, 0));
    destroy(sector_of(file, 1));
  }
  expect_data(*open());
}

TEST_F(ImageFilesTest, WithoutItsManifestTheHeadsDo) {
  add_files(kBundle);
  const std::size_t manifest = image_.size() / media::kSectorBytes;
  add_papers(kBundle);
  destroy(manifest + 1);
  const auto checked = check();
  ASSERT_TRUE(checked) << checked.error().message();
  EXPECT_FALSE(checked->manifest.has_value());
  EXPECT_EQ(checked->identity, (VolumeIdentity{"lab-low", kBundle, 1}));
}

// A disc that is written anew keeps sectors behind what is new.
TEST_F(ImageFilesTest, TheNewestVolumeIsTaken) {
  add_files(kBundle);
  add_papers(kBundle);
  add_files(kBundle - 1);
  add_papers(kBundle - 1);
  const auto checked = check();
  ASSERT_TRUE(checked) << checked.error().message();
  EXPECT_EQ(checked->identity.bundle, kBundle);
  expect_data(*checked->files);
}

TEST_F(ImageFilesTest, AManifestThatWasChangedIsRefused) {
  add_files(kBundle);
  add_papers(kBundle);
  const std::size_t at = image_.find("\"shipments\": \"1-2\"");
  image_.replace(at, 18, "\"shipments\": \"1-3\"");
  const auto checked = check();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kIntegrity);
}

TEST_F(ImageFilesTest, AnImageOfNothingIsNone) {
  std::ofstream(folder_.path() / "image.iso", std::ios::binary) << image_;
  const auto opened = open_image(folder_.path() / "image.iso");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace sluice::high
