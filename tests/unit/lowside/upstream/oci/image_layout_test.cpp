#include "lowside/upstream/oci/image_layout.h"

#include <gtest/gtest.h>

#include "common/base/hasher.h"
#include "common/ecosystem/oci/names.h"

namespace sluice::low {
namespace {

std::string digest(std::string_view text) { return oci::digest_text(sha256(as_bytes(text))); }

TEST(ImageName, IsReadAsClientsWriteIt) {
  struct Case {
    const char* name;
    const char* served;  // on images.example.org
    const char* on_hub;  // on docker.io
  };
  const Case cases[] = {
      {"app", "file:app", "library/file:app"},
      {"", "file:latest", "library/file:latest"},
      {"app:1", "app:1", "library/app:1"},
      {"docker.io/library/app:1", "app:1", "library/app:1"},
      {"library/app:1", "app:1", "library/app:1"},
      {"docker.io/team/app:1", "team/app:1", "team/app:1"},
      {"team/app", "team/app:latest", "team/app:latest"},
      {"localhost/app:1", "app:1", "library/app:1"},
      {"localhost:5000/library/app:1", "library/app:1", "library/app:1"},
      {"registry.example.org:5000/a/b/c:1.2-x", "a/b/c:1.2-x", "a/b/c:1.2-x"},
      {"team/app:1@sha256:0000", "team/app:1", "team/app:1"},
  };
  const auto read = [](const char* name, const char* serve_as) {
    const auto found = read_image_name(name, serve_as, "file");
    return found ? found->repository + ":" + found->tag : found.error().message();
  };
  for (const Case& one : cases) {
    EXPECT_EQ(read(one.name, "images.example.org"), one.served) << one.name;
    EXPECT_EQ(read(one.name, "docker.io"), one.on_hub) << one.name;
  }
  for (const char* name : {"Team/App:1", "team//app:1", "team/app:.1", "/app:1", "../app:1",
                           "a/b:c:d", "bad tag", "registry.example.org:5000/"}) {
    EXPECT_FALSE(read_image_name(name, "images.example.org", "file")) << name;
  }
}

TEST(ImageName, OfAFileLeavesOutWhatSaysThatItIsAnArchive) {
  EXPECT_EQ(repository_of_file("team/App-1.2.tar.gz").value(), "team/app-1.2");
  EXPECT_EQ(repository_of_file("app.tgz").value(), "app");
  EXPECT_EQ(repository_of_file("app.oci.tar.zst").value(), "app");
  EXPECT_EQ(repository_of_file("layout").value(), "layout");
  EXPECT_FALSE(repository_of_file("my app.tar"));
  EXPECT_FALSE(repository_of_file(".tar"));
}

TEST(SavedImages, GiveTheirParts) {
  const auto images = read_saved_images(
      "manifest.json", R"([{"Config":"c.json","RepoTags":["a:1","b:2"],"Layers":["x/layer.tar"]},)"
                       R"({"Config":"d.json","RepoTags":null,"Layers":[],"LayerSources":{}}])");
  ASSERT_TRUE(images);
  ASSERT_EQ(images->size(), 2U);
  EXPECT_EQ(images->at(0).config, "c.json");
  EXPECT_EQ(images->at(0).names, (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_EQ(images->at(0).layers, std::vector<std::string>{"x/layer.tar"});
  EXPECT_TRUE(images->at(1).names.empty());
  for (const char* text :
       {"", "{}", "[1]", R"([{"RepoTags":[],"Layers":[]}])", R"([{"Config":1,"Layers":[]}])",
        R"([{"Config":"c","RepoTags":[1],"Layers":[]}])",
        R"([{"Config":"c","RepoTags":[],"Layers":"x"}])"}) {
    EXPECT_FALSE(read_saved_images("manifest.json", text)) << text;
  }
}

TEST(SavedImages, HaveAManifestThatIsAlwaysTheSame) {
  const ImageBlob config{sha256(as_bytes("config")), 6};
  const ImageBlob layer{sha256(as_bytes("layer")), 5};
  const std::string made = make_saved_manifest(config, {layer});
  EXPECT_EQ(
      made,
      R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",)"
      R"("config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":6,"digest":")" +
          digest("config") +
          R"("},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar","size":5,"digest":")" +
          digest("layer") + R"("}]})");
  const auto read = oci::read_manifest("made", made, "");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->required_blobs().size(), 2U);
}

TEST(SavedImages, ConfigurationsGiveTheDigestsOfLayers) {
  const auto digests = read_diff_ids(
      "config", R"({"rootfs":{"type":"layers","diff_ids":[")" + digest("a") + R"("]}})");
  ASSERT_TRUE(digests);
  EXPECT_EQ(*digests, std::vector<Sha256Digest>{sha256(as_bytes("a"))});
  for (const char* text : {"{}", "[]", R"({"rootfs":[]})", R"({"rootfs":{"diff_ids":"x"}})",
                           R"({"rootfs":{"diff_ids":["md5:00"]}})", "no JSON"}) {
    EXPECT_FALSE(read_diff_ids("config", text)) << text;
  }
}

TEST(LayoutIndex, NamesByTheBetterAnnotation) {
  const std::string descriptor =
      R"("mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" + digest("m") +
      R"(","size":1)";
  const auto images = read_layout_index(
      "index.json", R"({"schemaVersion":2,"manifests":[{)" + descriptor + R"(},{)" + descriptor +
                        R"(,"annotations":{"org.opencontainers.image.ref.name":"1"}},{)" +
                        descriptor +
                        R"(,"annotations":{"io.containerd.image.name":"docker.io/library/a:1",)"
                        R"("org.opencontainers.image.ref.name":"1"}}]})");
  ASSERT_TRUE(images) << images.error().message();
  ASSERT_EQ(images->size(), 3U);
  EXPECT_EQ(images->at(0).name, "");
  EXPECT_EQ(images->at(1).name, "1");
  EXPECT_EQ(images->at(2).name, "docker.io/library/a:1");
  EXPECT_EQ(images->at(2).manifest.digest, sha256(as_bytes("m")));
  EXPECT_FALSE(read_layout_index("index.json", R"({"schemaVersion":2,"layers":[],"config":{}})"));
  EXPECT_TRUE(check_layout_mark("oci-layout", R"({"imageLayoutVersion":"1.0.0"})"));
  EXPECT_FALSE(check_layout_mark("oci-layout", R"({"imageLayoutVersion":"2.0.0"})"));
  EXPECT_FALSE(check_layout_mark("oci-layout", "1.0.0"));
}

}  // namespace
}  // namespace sluice::low
