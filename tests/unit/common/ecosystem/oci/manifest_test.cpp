#include "common/ecosystem/oci/manifest.h"

#include <gtest/gtest.h>

#include "common/ecosystem/oci/names.h"

namespace sluice::oci {
namespace {

std::string digest_of(char digit) { return "sha256:" + std::string(64, digit); }

std::string blob(std::string_view type, char digit, std::string_view size = "5",
                 std::string_view more = "") {
  return R"({"mediaType":")" + std::string(type) + R"(","digest":")" + digest_of(digit) +
         R"(","size":)" + std::string(size) + std::string(more) + "}";
}

std::string image(std::string_view more = "") {
  return R"({"schemaVersion":2,"config":)" + blob("application/x-config", 'a') + R"(,"layers":[)" +
         blob("application/x-layer", 'b', "7") + "," + blob("application/x-layer", 'b', "7") + "," +
         blob("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", 'c') + "]" +
         std::string(more) + "}";
}

std::string index(std::string_view more = "") {
  return R"({"schemaVersion":2,"manifests":[)" +
         blob(
             kOciManifest, 'd', "9",
             R"(,"platform":{"os":"linux","architecture":"arm","variant":"v7","os.version":"1"})") +
         "," + blob(kOciManifest, 'e') + "]" + std::string(more) + "}";
}

std::string cause_of(std::string_view bytes, std::string_view type = kOciManifest) {
  const auto read = read_manifest("thing", bytes, type);
  return read ? "" : read.error().cause;
}

TEST(OciManifest, GivesWhatMustBeHeldOnce) {
  const auto read = read_manifest("thing", image(), kDockerManifest);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->media_type, kDockerManifest);
  EXPECT_FALSE(read->is_index);
  EXPECT_EQ(read->layers.size(), 3U);
  EXPECT_FALSE(read->layers.back().distributable());
  const auto required = read->required_blobs();
  ASSERT_EQ(required.size(), 2U);
  EXPECT_EQ(digest_text(required[0].digest), digest_of('a'));
  EXPECT_EQ(digest_text(required[1].digest), digest_of('b'));
  EXPECT_EQ(required[1].size, 7U);
  EXPECT_FALSE(read->subject);
}

TEST(OciManifest, GivesChildrenWithTheirPlatforms) {
  const auto read = read_manifest("thing", index(), kDockerList);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_TRUE(read->is_index);
  ASSERT_EQ(read->children.size(), 2U);
  EXPECT_EQ(read->children[0].platform->text(), "linux/arm/v7");
  EXPECT_EQ(read->children[0].platform->os_version, "1");
  EXPECT_FALSE(read->children[1].platform);
  EXPECT_TRUE(read->required_blobs().empty());
}

TEST(OciManifest, GivesWhatAListOfReferrersSays) {
  const std::string more = R"(,"subject":)" + blob(kOciManifest, 'f') +
                           R"(,"annotations":{"k":"\u00e9"},"artifactType":)";
  const auto named = read_manifest("thing", image(more + R"("application/x-sbom")"), kOciManifest);
  ASSERT_TRUE(named) << named.error().message();
  EXPECT_EQ(digest_text(named->subject->digest), digest_of('f'));
  EXPECT_EQ(named->artifact_type, "application/x-sbom");
  EXPECT_EQ(named->annotations.at("k"), "\xc3\xa9");
  const auto unnamed = read_manifest("thing", image(more + "null"), kOciManifest);
  ASSERT_TRUE(unnamed) << unnamed.error().message();
  EXPECT_EQ(unnamed->artifact_type, "application/x-config");
  EXPECT_EQ(read_manifest("thing", index(), kOciIndex)->artifact_type, "");
}

TEST(OciManifest, TypesMustAgree) {
  const std::string own = R"(,"mediaType":")" + std::string(kOciManifest) + R"(")";
  EXPECT_EQ(cause_of(image(own), kOciManifest), "");
  EXPECT_EQ(cause_of(image(own), ""), "");
  EXPECT_EQ(cause_of(image(own), "application/json"), "");
  EXPECT_NE(cause_of(image(own), kDockerManifest), "");
  EXPECT_NE(cause_of(image(), ""), "");
  EXPECT_NE(cause_of(image(), kOciIndex), "");
  EXPECT_NE(cause_of(index(), kOciManifest), "");
  EXPECT_NE(cause_of(image(R"(,"mediaType":"application/x")"), kOciManifest), "");
}

TEST(OciManifest, RefusesWhatCanBeReadInTwoWays) {
  EXPECT_NE(cause_of(image(R"(,"manifests":[])")), "");
  EXPECT_NE(cause_of(index(R"(,"layers":[])"), kOciIndex), "");
  EXPECT_NE(cause_of(index(R"(,"config":null)"), kOciIndex), "");
  EXPECT_NE(cause_of(image(R"(,"fsLayers":[])")), "");
  EXPECT_NE(cause_of(image(R"(,"Layers":[])")), "");
  EXPECT_NE(cause_of(image(R"(,"subject":)" + blob(kOciManifest, 'a', "6"))), "");  // two sizes
  EXPECT_NE(cause_of(index(R"(,"subject":)" + blob("x/y", 'f', "1", R"(,"Digest":1)")), kOciIndex),
            "");
}

TEST(OciManifest, RefusesBrokenDescriptors) {
  const auto with = [](std::string_view config) {
    return R"({"schemaVersion":2,"layers":[],"config":)" + std::string(config) + "}";
  };
  ASSERT_EQ(cause_of(with(blob("x/y", 'a', "0"))), "");
  ASSERT_EQ(cause_of(with(blob("x/y", 'a', "4398046511104"))), "");
  for (const char* size : {"-1", "1.0", "\"1\"", "4398046511105", "18446744073709551615", "null"}) {
    EXPECT_NE(cause_of(with(blob("x/y", 'a', size))), "") << size;
  }
  EXPECT_NE(cause_of(with(blob("x/y", 'A'))), "");
  EXPECT_NE(cause_of(with(blob("", 'a'))), "");
  EXPECT_NE(cause_of(with(blob("x/\\u00e9", 'a'))), "");
  EXPECT_NE(cause_of(with(blob(std::string(256, 'x'), 'a'))), "");
  EXPECT_NE(cause_of(with(R"({"mediaType":"x/y","size":1})")), "");
  EXPECT_NE(cause_of(with("[]")), "");
  EXPECT_NE(cause_of(with("null")), "");
  EXPECT_NE(cause_of(with(blob("x/y", 'a', "1", R"(,"platform":[])"))), "");
  EXPECT_NE(cause_of(with(blob("x/y", 'a', "1", R"(,"annotations":{"a":1})"))), "");
}

TEST(OciManifest, RefusesWhatIsNoManifest) {
  for (const char* text :
       {"", "[]", "{}", "{", R"({"schemaVersion":1,"fsLayers":[]})", R"({"schemaVersion":2})",
        R"({"schemaVersion":2,"layers":[]})", R"({"schemaVersion":2,"layers":{},"config":{}})"}) {
    EXPECT_NE(cause_of(text), "") << text;
    EXPECT_NE(cause_of(text, kOciIndex), "") << text;
  }
  EXPECT_NE(cause_of(image(R"(,"annotations":{"a":")"
                           "\xff"
                           R"("})")),
            "");
}

TEST(OciManifest, IsBounded) {
  EXPECT_NE(cause_of(image() + std::string(kMaxManifestBytes, ' ')), "");
  const auto of = [](std::size_t count) {
    std::string list = blob(kOciManifest, 'a');
    for (std::size_t i = 1; i < count; ++i) {
      list += "," + blob(kOciManifest, 'a');
    }
    return R"({"schemaVersion":2,"manifests":[)" + list + "]}";
  };
  EXPECT_EQ(cause_of(of(kMaxDescriptors), kOciIndex), "");
  EXPECT_NE(cause_of(of(kMaxDescriptors + 1), kOciIndex), "");
  EXPECT_NE(cause_of(image(R"(,"x":)" + std::string(40, '[') + std::string(40, ']'))), "");
}

TEST(OciManifest, AnyPrefixIsRefused) {
  const std::string whole = image();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(cause_of(whole.substr(0, size)), "") << size;
  }
}

}  // namespace
}  // namespace sluice::oci
