// What archives of images say of themselves: the layout of the OCI image specification 1.1
// (oci-layout, index.json, blobs/sha256/…), and that of `docker save` before it (manifest.json, a
// configuration and layers as files), which has no manifests: they are made here, always the same.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/ecosystem/oci/manifest.h"

namespace sluice::low {

inline constexpr std::string_view kLayoutMark = "oci-layout";
inline constexpr std::string_view kLayoutIndex = "index.json";
inline constexpr std::string_view kLayoutBlobs = "blobs/sha256/";
inline constexpr std::string_view kSavedImages = "manifest.json";

// Bytes of each of these files, and of a configuration.
inline constexpr std::uint64_t kMaxLayoutFileBytes = std::uint64_t{4} << 20;

// All below: kInvalid names `thing`.

// Of oci-layout: version 1.
Result<void> check_layout_mark(const std::string& thing, std::string_view bytes);

// One of index.json.
struct LaidOutImage {
  std::string name;  // by its annotations: "docker.io/library/app:1", "1"; empty: it has none
  oci::Descriptor manifest;
};
Result<std::vector<LaidOutImage>> read_layout_index(const std::string& thing,
                                                    std::string_view bytes);

// One of manifest.json. Its parts are names of files in the archive.
struct SavedImage {
  std::string config;
  std::vector<std::string> names;  // RepoTags: "app:1"
  std::vector<std::string> layers;
};
Result<std::vector<SavedImage>> read_saved_images(const std::string& thing, std::string_view bytes);

// Of an image's configuration: the digests of its layers, unpacked.
Result<std::vector<Sha256Digest>> read_diff_ids(const std::string& thing, std::string_view config);

struct ImageBlob {
  Sha256Digest digest;
  std::uint64_t size = 0;
};
// Docker's version 2, schema 2, of layers that are plain tars.
std::string make_saved_manifest(const ImageBlob& config, const std::vector<ImageBlob>& layers);

// OCI's, of an artifact whose one layer is a SIF image; its configuration is kSifConfigText.
inline constexpr std::string_view kSifConfigText = "{}";
std::string make_sif_manifest(const ImageBlob& image);

struct ImageName {
  std::string repository;
  std::string tag;

  auto operator<=>(const ImageName&) const = default;
};
// "app:1", "docker.io/library/app:1", "registry.example.org:5000/team/app" (its tag "latest"): what
// stands for a registry there is left out, since `serve_as` takes its place; Docker's "library/" is
// kept where that is docker.io, and only there. "1" alone is a tag of `file`, nothing is "latest"
// of it. A digest behind '@' is left out.
Result<ImageName> read_image_name(std::string_view name, std::string_view serve_as,
                                  std::string_view file);
// The repository of an image that has no name: its file's path, in lower case and without what says
// that it is an archive: "team/app" of "team/App.tar.gz".
Result<std::string> repository_of_file(std::string_view path);
// "team/app_1.0.sif" as image_archive.h has it.
Result<ImageName> read_sif_name(std::string_view path, std::string_view serve_as);

}  // namespace sluice::low
