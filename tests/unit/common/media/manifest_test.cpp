#include "common/media/manifest.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "common/base/hasher.h"

namespace sluice::media {
namespace {

Sha256Digest digest(std::string_view text) { return sha256(as_bytes(text)); }

VolumeManifest example() {
  VolumeManifest manifest;
  manifest.bundle = 1'795'932'062;  // 2026-11-29T06:01:02Z
  manifest.timestamp = "2026-11-29T06:01:02.000000Z";
  manifest.origin_user = "ann \"low\"";
  manifest.artifacts = {{"data/00.sluice", digest("data"), 4096, "lab-low shipments 1-7"},
                        {"SHA256SUMS", digest("sums"), 81, "papers"}};
  manifest.stream = "lab-low";
  manifest.volume = 2;
  manifest.volumes = {{1, digest("one"), 700, "1-4"}, {2, digest("two"), 800, "4-7"}};
  manifest.shipments = "1-7";
  manifest.stands_on = "";
  manifest.sender = "ab cd";
  manifest.receivers = {"01 23", "45 67"};
  manifest.contents = {{4, "npm-main", "left-pad-1.3.0.tgz", digest("tgz"), 5000,
                        "https://registry.example.org/left-pad-1.3.0.tgz"}};
  manifest.contents_omitted = 3;
  manifest.reason = "quarterly";
  return manifest;
}

TEST(VolumeManifest, EveryFieldComesBack) {
  const auto read = read_manifest(write_manifest(example()));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->timestamp, example().timestamp);
  EXPECT_EQ(read->origin_user, "ann \"low\"");
  ASSERT_EQ(read->artifacts.size(), 2);
  EXPECT_EQ(read->artifacts[0].file, "data/00.sluice");
  EXPECT_EQ(read->artifacts[0].sha256, digest("data"));
  EXPECT_EQ(read->artifacts[0].bytes, 4096);
  EXPECT_EQ(read->artifacts[0].source, "lab-low shipments 1-7");
  EXPECT_EQ(read->stream, "lab-low");
  EXPECT_EQ(read->bundle, 1'795'932'062);
  EXPECT_EQ(read->volume, 2);
  ASSERT_EQ(read->volumes.size(), 2);
  EXPECT_EQ(read->volumes[1].sums, digest("two"));
  EXPECT_EQ(read->volumes[1].bytes, 800);
  EXPECT_EQ(read->volumes[1].shipments, "4-7");
  EXPECT_EQ(read->shipments, "1-7");
  EXPECT_EQ(read->sender, "ab cd");
  EXPECT_EQ(read->receivers, (std::vector<std::string>{"01 23", "45 67"}));
  ASSERT_EQ(read->contents.size(), 1);
  EXPECT_EQ(read->contents[0].name, "left-pad-1.3.0.tgz");
  EXPECT_EQ(read->contents[0].sha256, digest("tgz"));
  EXPECT_EQ(read->contents_omitted, 3);
  EXPECT_EQ(read->reason, "quarterly");
}

// The keys that hand-made transfers have, as they have them.
TEST(VolumeManifest, IsASupersetOfTheHandMadeOne) {
  const auto root = boost::json::parse(write_manifest(example()));
  EXPECT_EQ(root.at("timestamp").as_string(), "2026-11-29T06:01:02.000000Z");
  EXPECT_TRUE(root.at("origin_user").is_string());
  for (const auto& artifact : root.at("artifacts").as_array()) {
    EXPECT_TRUE(artifact.at("file").is_string());
    EXPECT_EQ(artifact.at("sha256").as_string().size(), 64);
    EXPECT_TRUE(artifact.at("source").is_string());
  }
}

TEST(VolumeManifest, EveryPrefixIsRefused) {
  const std::string text = write_manifest(example());
  for (std::size_t length = 0; length + 2 < text.size(); ++length) {
    EXPECT_FALSE(read_manifest(std::string_view(text).substr(0, length))) << length;
  }
}

TEST(VolumeManifest, SaysWhatIsMissing) {
  for (const char* key : {"format", "bundle", "origin_user", "artifacts", "stream", "volume",
                          "volumes", "shipments", "contents", "contents_omitted", "sender"}) {
    auto root = boost::json::parse(write_manifest(example())).as_object();
    root.erase(key);
    const auto read = read_manifest(boost::json::serialize(root));
    ASSERT_FALSE(read) << key;
    EXPECT_NE(read.error().cause.find(key == std::string("format") ? "" : key), std::string::npos)
        << read.error().message();
  }
}

TEST(VolumeManifest, NamesNoFileOutsideItsFolder) {
  for (const char* name : {"../x", "/etc/passwd", "a/../b", ".hidden", "data/.x", "", "a/b/c",
                           "a//b", "a\\b", "data/", "n\xc3\xa4me", "a b"}) {
    EXPECT_FALSE(safe_file_name(name)) << name;
    VolumeManifest manifest = example();
    manifest.artifacts[0].file = name;
    EXPECT_FALSE(read_manifest(write_manifest(manifest))) << name;
  }
  EXPECT_TRUE(safe_file_name("data/00.sluice"));
  EXPECT_FALSE(safe_file_name(std::string(kMaxFileNameBytes + 1, 'a')));
}

TEST(VolumeManifest, DeepNestingIsRefused) {
  EXPECT_FALSE(read_manifest(std::string(100'000, '[')));
}

TEST(VolumeName, IsSortableAndSafe) {
  EXPECT_EQ(volume_name("lab-low", 1'795'932'062, 2), "lab-low-20261129-060102-v002");
  EXPECT_EQ(volume_name("lab-low", 1'795'932'062, 1234), "lab-low-20261129-060102-v1234");
  EXPECT_TRUE(safe_file_name(volume_name("lab-low", UINT64_MAX, 1)));
}

}  // namespace
}  // namespace sluice::media
