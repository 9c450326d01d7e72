// Names of OCI registries, repositories, tags and digests, as both sides must agree on them. The
// rules are those of the OCI distribution specification 1.1 ("Pulling manifests") and, for
// registries, of the reference grammar that docker, skopeo and containerd share.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/digest.h"
#include "common/base/error.h"

namespace sluice::oci {

inline constexpr std::string_view kEcosystem = "oci";  // of records

// A host in lower case with an optional port: "docker.io", "registry.example.org:5000",
// "[::1]:5000", "localhost". At most 255 bytes. kInvalid says which rule is broken.
Result<void> check_registry(std::string_view registry);

// "library/nginx": parts of [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* between slashes, at most 255 bytes.
Result<void> check_repository(std::string_view repository);

// [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}
Result<void> check_tag(std::string_view tag);

// "sha256:" and 64 hexadecimal digits in lower case. None for anything else: other algorithms are
// not known here.
std::optional<Sha256Digest> parse_digest(std::string_view text);
std::string digest_text(const Sha256Digest& digest);

struct Document {
  std::string registry;    // the namespace: "docker.io"
  std::string repository;  // "library/nginx"

  auto operator<=>(const Document&) const = default;
  std::string name() const;  // "docker.io/library/nginx"
};
// Of a record's name: what stands before the first slash is the registry. At most
// limits::kMaxDocumentNameBytes. kInvalid: it is none of ours.
Result<Document> parse_document(std::string_view name);

// The manifest that a tag of the scheme "sha256-<64 hex>[.suffix]" belongs to: so registries
// without referrers hold signatures (".sig"), attestations (".att"), SBOMs (".sbom") and lists of
// referrers (no suffix). None for other tags.
std::optional<Sha256Digest> subject_of_legacy_tag(std::string_view tag);
// "sha256-<64 hex>": the tag under which such a registry lists the referrers of `subject`, and what
// all its other legacy tags start with.
std::string legacy_tag(const Sha256Digest& subject);

}  // namespace sluice::oci
