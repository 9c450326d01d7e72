// Manifests of images and artifacts, and indices of them: OCI image specification 1.1 and Docker's
// manifest version 2, schema 2. Read only: the bytes themselves are what crosses and is served.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "common/base/error.h"

namespace sluice::oci {

inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kDockerManifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";

// Of an artifact that is an image in Singularity's format (common/ecosystem/sif): its one layer,
// and the configuration, which says nothing.
inline constexpr std::string_view kSifLayer = "application/vnd.sylabs.sif.layer.v1.sif";
inline constexpr std::string_view kSifConfig = "application/vnd.sylabs.sif.config.v1+json";

inline constexpr std::size_t kMaxManifestBytes = std::size_t{4} << 20;  // what registries must take
inline constexpr std::size_t kMaxDescriptors = 10'000;                  // of one manifest

// One of the four above: the types that are held and served as manifests.
bool is_manifest_type(std::string_view media_type);
bool is_index_type(std::string_view media_type);
// False for layers that the specifications call foreign or nondistributable: registries need not
// hold them, and clients fetch them from elsewhere.
bool is_distributable(std::string_view media_type);

// What an index says that a child runs on. Any part may be empty.
struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;
  std::string os_version;

  auto operator<=>(const Platform&) const = default;
  std::string text() const;  // "linux/arm64/v8"; "unknown/unknown" of attestations as it stands
};

struct Descriptor {
  std::string media_type;  // printable ASCII, at most 255 bytes
  Sha256Digest digest;
  std::uint64_t size = 0;  // at most limits::kMaxBlobBytes
  std::optional<Platform> platform;
  std::string artifact_type;
  std::map<std::string, std::string> annotations;

  bool distributable() const { return is_distributable(media_type); }
};

struct Manifest {
  std::string media_type;  // one of the four
  bool is_index = false;
  std::optional<Descriptor> config;   // of a manifest that is no index: always set
  std::vector<Descriptor> layers;     // the same
  std::vector<Descriptor> children;   // of an index
  std::optional<Descriptor> subject;  // what this one refers to; need not be held
  std::string artifact_type;  // as the list of referrers says it: its own, else the config's type
  std::map<std::string, std::string> annotations;

  // The configuration and the distributable layers, each digest once: what must be held for the
  // manifest to be served. Empty for an index.
  std::vector<Descriptor> required_blobs() const;
};

// The layer of an artifact that is a SIF image; none: it is something else.
const Descriptor* sif_layer(const Manifest& manifest);

// `media_type` is what the bytes were served or are recorded as, parameters left out; it may be
// empty, or of no manifest, where the bytes name a type themselves, and must agree where they name
// one. Bounded: size, nesting (32), descriptors. Digests of other algorithms than SHA-256 are
// refused, as is a document that could be read as manifest and as index (CVE-2021-41190), and one
// that gives two sizes to one digest. kInvalid, with `thing` as given.
Result<Manifest> read_manifest(std::string_view thing, std::string_view bytes,
                               std::string_view media_type);

}  // namespace sluice::oci
