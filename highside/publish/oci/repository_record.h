// A repository's record as a push or a deletion makes it of the one before.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/ecosystem/oci/manifest.h"
#include "highside/pipeline/catalog_reader.h"
#include "sluice/oci.pb.h"

namespace sluice::high {

// Of a document's entry; an empty one where there is none. kIo: it does not read.
Result<proto::OciRepository> repository_of(const std::string& document,
                                           const std::optional<CatalogEntry>& now);

// Of one of its blobs or manifests; none: it has none of that digest.
std::optional<std::uint64_t> size_in(const proto::OciRepository& repository,
                                     const Sha256Digest& digest);

struct PushedManifest {
  Sha256Digest digest;
  std::uint64_t size = 0;
  oci::Manifest manifest;
  std::string tag;  // empty: none
};

// A blob that a manifest needs, and the size that it says.
using BlobSize = std::function<std::optional<std::uint64_t>(const Sha256Digest&)>;

// What it names and the repository lacks: configuration, layers, and of an index the manifests and
// blobs. `pushed`: the size of what was pushed to the repository besides.
std::vector<Sha256Digest> missing_blobs(const proto::OciRepository& repository,
                                        const oci::Manifest& manifest, const BlobSize& pushed);

// With that manifest, and its tag on it; none: it is so already. kRefused: `keeps_tags`, and the
// tag is another's; or there are too many. kNotFound: something is missing by now.
Result<std::optional<proto::Record>> with_manifest(const std::string& document,
                                                   const std::optional<CatalogEntry>& now,
                                                   const PushedManifest& pushed,
                                                   const BlobSize& sizes, bool keeps_tags);

// Without that tag; the manifest stays. kNotFound.
Result<std::optional<proto::Record>> without_tag(const std::string& document,
                                                 const std::optional<CatalogEntry>& now,
                                                 const std::string& tag);

// Reads a manifest of the repository.
using LoadManifest = std::function<Result<oci::Manifest>(const proto::OciManifest&)>;
LoadManifest load_from(const store::BlobStore& blobs);  // which outlives it

// Without that manifest, its tags and the blobs that no other names; withdrawn, if it was the last.
// kNotFound; kRefused: an index names it.
Result<std::optional<proto::Record>> without_manifest(const std::string& document,
                                                      const std::optional<CatalogEntry>& now,
                                                      const Sha256Digest& digest,
                                                      const LoadManifest& load);

}  // namespace sluice::high
