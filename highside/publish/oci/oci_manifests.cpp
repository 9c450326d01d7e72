// Of OciPush: manifests, and taking things away again.
#include "common/base/hasher.h"
#include "common/base/limits.h"
#include "common/ecosystem/oci/names.h"
#include "highside/publish/oci/failures.h"
#include "highside/publish/oci/oci_push.h"
#include "highside/publish/oci/repository_record.h"

namespace sluice::high {
namespace {

std::string without_parameters(std::string_view media_type) {
  media_type = media_type.substr(0, media_type.find(';'));
  while (media_type.ends_with(' ')) {
    media_type.remove_suffix(1);
  }
  return std::string(media_type);
}

// Small ones lie in the index, others in a file, `staged`, which lives until they are kept.
Result<store::NewBlob> new_blob(const PublishParts& parts, const Sha256Digest& digest,
                                const std::string& bytes, std::unique_ptr<StagedBlob>* staged) {
  const ByteView view = as_bytes(bytes);
  if (bytes.size() <= limits::kInlineBlobBytes) {
    return store::NewBlob{{digest, bytes.size(), {}}, Bytes(view.begin(), view.end())};
  }
  SLUICE_TRY(*staged, StagedBlob::begin(parts.blobs, parts.files, bytes.size()));
  SLUICE_TRY_VOID((*staged)->write(view));
  return (*staged)->finish();
}

}  // namespace

http::Response OciPush::put_manifest(const Admitted& to, const std::string& reference,
                                     const std::string& media_type, const std::string& bytes) {
  const Sha256Digest digest = sha256(as_bytes(bytes));
  const auto by_digest = oci::parse_digest(reference);
  if (by_digest ? *by_digest != digest : !oci::check_tag(reference)) {
    return by_digest
               ? registry_error(400, "DIGEST_INVALID", "the bytes are " + oci::digest_text(digest))
               : registry_error(400, "MANIFEST_INVALID",
                                "\"" + reference + "\" is neither a tag nor a digest");
  }
  auto manifest =
      oci::read_manifest(to.document + ":" + reference, bytes, without_parameters(media_type));
  if (!manifest) {
    return registry_error(400, "MANIFEST_INVALID", manifest.error().message());
  }
  const BlobSize pushed = [&](const Sha256Digest& blob) {
    parts_.site.hold(blob);
    return pushed_.find(to.document, blob);
  };
  const auto entry = parts_.catalog.find(parts_.catalog.current(), oci::kEcosystem, to.document);
  if (!entry) {
    return push_failure(entry.error(), "MANIFEST_INVALID");
  }
  const auto repository = repository_of(to.document, *entry);
  if (!repository) {
    return push_failure(repository.error(), "MANIFEST_INVALID");
  }
  std::vector<RegistryError> missing;
  for (const Sha256Digest& blob : missing_blobs(*repository, *manifest, pushed)) {
    missing.push_back({"MANIFEST_BLOB_UNKNOWN",
                       "the manifest names what is not in the repository",
                       {{"digest", oci::digest_text(blob)}}});
  }
  if (!missing.empty()) {
    return registry_errors(400, std::move(missing));
  }
  std::unique_ptr<StagedBlob> staged;
  const auto kept = new_blob(parts_, digest, bytes, &staged);
  if (!kept) {
    return push_failure(kept.error(), "MANIFEST_INVALID");
  }
  PushedManifest made{digest, bytes.size(), std::move(*manifest), by_digest ? "" : reference};
  const bool keeps_tags = parts_.namespaces.is_immutable(oci::kEcosystem, to.document);
  SiteChange change{.ecosystem = std::string(oci::kEcosystem),
                    .document = to.document,
                    .by = to.who,
                    .blobs = {{*kept, to.document + ":" + reference}},
                    .make = [&](const std::optional<CatalogEntry>& now) {
                      return with_manifest(to.document, now, made, pushed, keeps_tags);
                    }};
  if (const auto published = parts_.site.publish(change); !published) {
    return push_failure(published.error(), "MANIFEST_INVALID");
  }
  http::Response answer{.status = 201};
  answer.headers.emplace("Docker-Distribution-Api-Version", "registry/2.0");
  answer.headers.emplace("Location",
                         prefix_ + "/" + to.document + "/manifests/" + oci::digest_text(digest));
  answer.headers.emplace("Docker-Content-Digest", oci::digest_text(digest));
  if (made.manifest.subject) {
    answer.headers.emplace("OCI-Subject", oci::digest_text(made.manifest.subject->digest));
  }
  return answer;
}

http::Response OciPush::remove(const http::Request& request, const PushRequest& asked) {
  auto by = admit(request, asked, Verb::kWithdraw);
  if (auto* no = std::get_if<http::Response>(&by)) {
    return std::move(*no);
  }
  const Admitted& admitted = std::get<Admitted>(by);
  return asked.what == PushRequest::What::kBlob ? remove_blob(admitted, asked.reference)
                                                : remove_manifest(admitted, asked.reference);
}

// In an immutable namespace nothing is taken away: who pinned a digest finds it.
http::Response OciPush::remove_manifest(const Admitted& by, const std::string& reference) {
  if (parts_.namespaces.is_immutable(oci::kEcosystem, by.document)) {
    return registry_error(405, "UNSUPPORTED",
                          by.document +
                              ": its namespace is immutable; an operator can withdraw "
                              "the whole of it: sluice-high withdraw");
  }
  const auto digest = oci::parse_digest(reference);
  const LoadManifest load = load_from(parts_.blobs);
  SiteChange change{.ecosystem = std::string(oci::kEcosystem),
                    .document = by.document,
                    .by = by.who,
                    .make = [&](const std::optional<CatalogEntry>& now) {
                      return digest ? without_manifest(by.document, now, *digest, load)
                                    : without_tag(by.document, now, reference);
                    }};
  if (const auto done = parts_.site.publish(change); !done) {
    return push_failure(done.error(), "MANIFEST_UNKNOWN");
  }
  return {.status = 202};
}

// Of what a manifest names nothing can be taken away; garbage collection takes the rest anyway.
http::Response OciPush::remove_blob(const Admitted& by, const std::string& reference) {
  const auto blob = oci::parse_digest(reference);
  if (!blob) {
    return registry_error(400, "DIGEST_INVALID",
                          "no SHA-256 digest: those are sha256: and 64 digits");
  }
  const auto entry = parts_.catalog.find(parts_.catalog.current(), oci::kEcosystem, by.document);
  const auto repository =
      entry ? repository_of(by.document, *entry) : Result<proto::OciRepository>(entry.error());
  if (!repository) {
    return push_failure(repository.error(), "BLOB_UNKNOWN");
  }
  if (size_in(*repository, *blob)) {
    return registry_error(405, "UNSUPPORTED",
                          reference + ": a manifest names it; delete that, and it goes by itself");
  }
  return pushed_.remove(by.document, *blob)
             ? http::Response{.status = 202}
             : registry_error(404, "BLOB_UNKNOWN", reference + " is not in " + by.document);
}

}  // namespace sluice::high
