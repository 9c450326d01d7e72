#include "highside/mirror/oci/oci_mirror.h"

#include <algorithm>

#include "common/base/hasher.h"
#include "common/ecosystem/oci/manifest.h"
#include "highside/mirror/oci/sif_artifact.h"
#include "highside/pipeline/blob_body.h"
#include "highside/pipeline/miss.h"
#include "highside/pipeline/registry_error.h"

namespace sluice::high {
namespace {

using What = RegistryRequest::What;

constexpr std::string_view kSifEnding = ".sif";
constexpr std::string_view kVersion = "Docker-Distribution-Api-Version";
constexpr std::string_view kContentDigest = "Docker-Content-Digest";

http::Response failure(const Error& error) {
  return registry_error(error.code == ErrorCode::kUnavailable ? 503 : 500, "UNAVAILABLE",
                        error.message());
}

// What a tag names moves; what a digest names does not.
constexpr const char* kMoves = "no-cache";
constexpr const char* kNeverMoves = "immutable, max-age=31536000";

http::Response document(const http::Request& request, ListPage page, std::string_view media_type,
                        const std::string& link, http::Headers extra = {}) {
  http::Content content;
  content.media_type = media_type;
  content.etag = '"' + sha256(as_bytes(page.text)).hex() + '"';
  content.extra = std::move(extra);
  content.extra.emplace("Cache-Control", kMoves);
  if (!link.empty()) {
    content.extra.emplace("Link", link);
  }
  return http::respond(request, content, std::move(page.text));
}

http::Response not_held(const oci::Document& repository, const std::string& reference) {
  const bool is_digest = oci::parse_digest(reference).has_value();
  const std::string thing = repository.name() +
                            (is_digest           ? "@"
                             : reference.empty() ? ""
                                                 : ":") +
                            reference;
  return with_miss(
      registry_error(404, reference.empty() ? "NAME_UNKNOWN" : "MANIFEST_UNKNOWN",
                     thing + " is not here: it has not crossed (ask for it on the low side)"),
      {"oci", repository.name(), reference});
}

bool is_read(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

OciMirror::OciMirror(std::string prefix, std::string default_namespace,
                     const CatalogReader& catalog, const store::BlobStore& blobs,
                     std::size_t cache_bytes, RepositoryNames::IsOfTheSite is_of_the_site)
    : prefix_(std::move(prefix)),
      meant_(std::move(default_namespace), std::move(is_of_the_site)),
      catalog_(catalog),
      blobs_(blobs),
      cache_(cache_bytes) {}

http::Handler OciMirror::handler(std::shared_ptr<OciMirror> mirror) {
  return [mirror = std::move(mirror)](const http::Request& request) {
    return mirror->handle(request);
  };
}

http::Handler OciMirror::sif_handler(std::shared_ptr<OciMirror> mirror, std::string prefix) {
  return [mirror = std::move(mirror), prefix = std::move(prefix)](const http::Request& request) {
    return mirror->handle_sif(
        request,
        std::string_view(request.path).substr(std::min(prefix.size(), request.path.size())));
  };
}

http::Response OciMirror::handle(const http::Request& request) {
  const auto asked = read_registry_request(
      std::string_view(request.path).substr(std::min(prefix_.size(), request.path.size())));
  const auto query = ListQuery::read(request.query);
  http::Response response;
  if (!asked) {
    response = registry_error(404, "UNSUPPORTED", "registries have no such path");
  } else if (!is_read(request)) {
    response = registry_error(405, "UNSUPPORTED",
                              "what crossed is only read here: it comes over the diode");
    response.headers.emplace("Allow", "GET, HEAD");
  } else if (!query) {
    response = registry_error(400, "UNSUPPORTED", "the query cannot be read, or n is no number");
  } else {
    response = answer(request, *asked, *query);
  }
  response.headers.emplace(kVersion, "registry/2.0");
  return response;
}

http::Response OciMirror::answer(const http::Request& request, const RegistryRequest& asked,
                                 const ListQuery& query) {
  if (asked.what == What::kBase) {
    return document(request, {"{}", ""}, "application/json", "");
  }
  if (asked.what == What::kCatalog) {
    return catalog(request, query);
  }
  // Of an image that is named by this host, containerd says this host.
  auto meant = meant_.meant(asked.name, query.ns == request.header("Host") ? "" : query.ns);
  if (meant.all.empty()) {
    return registry_error(400, "NAME_INVALID",
                          "no repository has such a name: they are like "
                          "docker.io/library/nginx, in lower case");
  }
  const auto named = find(std::move(meant));
  if (!named) {
    return failure(named.error());
  }
  switch (asked.what) {
    case What::kManifest:
      return manifest(request, asked.reference, *named);
    case What::kBlob:
      return blob(request, asked.reference, *named);
    case What::kReferrers:
      return referrers(request, asked, query, *named);
    default:
      return tags(request, asked, query, *named);
  }
}

// Whatever types the client would rather have: these are the bytes that have this digest.
http::Response OciMirror::manifest(const http::Request& request, const std::string& reference,
                                   const Named& named) const {
  const auto digest = oci::parse_digest(reference);
  if (!digest && !oci::check_tag(reference)) {
    return registry_error(404, "MANIFEST_UNKNOWN",
                          "neither a tag nor a SHA-256 digest: sha256: and 64 digits");
  }
  const ServedRepository::Manifest* found = named.served == nullptr ? nullptr
                                            : digest ? named.served->manifest(*digest)
                                                     : named.served->tagged(reference);
  if (found == nullptr) {
    return not_held(named.repository, reference);
  }
  http::Content content;
  content.media_type = found->media_type;
  content.extra.emplace("Cache-Control", digest ? kNeverMoves : kMoves);
  return bytes(request, found->digest, std::move(content));
}

http::Response OciMirror::blob(const http::Request& request, const std::string& reference,
                               const Named& named) const {
  const auto digest = oci::parse_digest(reference);
  if (!digest) {
    return registry_error(404, "BLOB_UNKNOWN",
                          "no SHA-256 digest: those are sha256: and 64 digits");
  }
  if (named.served == nullptr || !named.served->has_blob(*digest)) {
    return registry_error(404, named.served == nullptr ? "NAME_UNKNOWN" : "BLOB_UNKNOWN",
                          named.repository.name() + "@" + reference + " is not here",
                          {{"digest", reference}});
  }
  http::Content content;
  content.media_type = "application/octet-stream";
  content.extra.emplace("Cache-Control", kNeverMoves);
  return bytes(request, *digest, std::move(content));
}

http::Response OciMirror::handle_sif(const http::Request& request, std::string_view path) {
  if (!is_read(request)) {
    http::Response response = registry_error(405, "UNSUPPORTED", "what is here is only read");
    response.headers.emplace("Allow", "GET, HEAD");
    return response;
  }
  path.remove_prefix(path.starts_with('/') ? 1 : 0);
  const std::size_t slash = path.rfind('/');
  auto meant = meant_.meant(path.substr(0, slash == std::string_view::npos ? 0 : slash), "");
  if (!path.ends_with(kSifEnding) || meant.all.empty()) {
    return registry_error(404, "NAME_UNKNOWN",
                          "no SIF image has such a path: they are like "
                          "/sif/images.example.org/team/app/1.0.sif");
  }
  path.remove_suffix(kSifEnding.size());
  const auto named = find(std::move(meant));
  return named ? sif_file(request, std::string(path.substr(slash + 1)), *named)
               : failure(named.error());
}

http::Response OciMirror::sif_file(const http::Request& request, const std::string& tag,
                                   const Named& named) const {
  const ServedRepository::Manifest* found =
      named.served == nullptr ? nullptr : named.served->tagged(tag);
  if (found == nullptr) {
    return not_held(named.repository, tag);
  }
  const std::string thing = named.repository.name() + ":" + tag;
  if (catalog_.is_lost(found->digest)) {
    return failure(lost_bytes(thing));
  }
  const auto manifest =
      read_held_manifest(thing, found->digest, found->size, found->media_type, blobs_);
  if (!manifest) {
    return failure({ErrorCode::kUnavailable, thing, manifest.error().cause, ""});
  }
  const oci::Descriptor* layer = oci::sif_layer(*manifest);
  if (layer == nullptr) {
    return registry_error(404, "MANIFEST_UNKNOWN",
                          thing + " is no SIF image: pull it as docker://");
  }
  http::Content content;
  content.media_type = layer->media_type;
  content.extra.emplace("Cache-Control", kMoves);
  return bytes(request, layer->digest, std::move(content));
}

http::Response OciMirror::bytes(const http::Request& request, const Sha256Digest& digest,
                                http::Content content) const {
  const std::string name = oci::digest_text(digest);
  if (catalog_.is_lost(digest)) {
    return failure(lost_bytes(name));
  }
  auto reader = blobs_.open(digest);
  if (!reader) {
    return failure({ErrorCode::kUnavailable, name, reader.error().cause, reader.error().cure});
  }
  content.etag = '"' + name + '"';
  content.extra.emplace(kContentDigest, name);
  content.extra.emplace("X-Content-Type-Options", "nosniff");
  content.lasting = true;
  return http::respond(request, content, std::make_shared<BlobBody>(std::move(*reader)));
}

http::Response OciMirror::tags(const http::Request& request, const RegistryRequest& asked,
                               const ListQuery& query, const Named& named) const {
  if (named.served == nullptr) {
    return not_held(named.repository, "");
  }
  ListPage page = tags_page(asked.name, *named.served, query, left_out());
  // Of no entries there is none that the next page could be behind.
  const std::string link =
      page.next.empty() ? ""
                        : next_link(prefix_ + "/" + asked.name + "/tags/list", query, page.next);
  return document(request, std::move(page), "application/json", link);
}

// Never 404: by that clients would tell that there is no such list, and look for tags instead.
http::Response OciMirror::referrers(const http::Request& request, const RegistryRequest& asked,
                                    const ListQuery& query, const Named& named) const {
  const auto subject = oci::parse_digest(asked.reference);
  if (!subject) {
    return registry_error(400, "DIGEST_INVALID",
                          "no SHA-256 digest: those are sha256: and 64 digits");
  }
  ListPage page = referrers_page(named.served.get(), *subject, query, left_out());
  http::Headers extra;
  if (!query.artifact_type.empty()) {
    extra.emplace("OCI-Filters-Applied", "artifactType");
  }
  const std::string link =
      page.next.empty() ? ""
                        : next_link(prefix_ + "/" + asked.name + "/referrers/" + asked.reference,
                                    query, page.next);
  return document(request, std::move(page), oci::kOciIndex, link, std::move(extra));
}

http::Response OciMirror::catalog(const http::Request& request, const ListQuery& query) {
  const auto all = names();
  if (!all) {
    return failure(all.error());
  }
  ListPage page = catalog_page(**all, query);
  const std::string link =
      page.next.empty() ? "" : next_link(prefix_ + "/_catalog", query, page.next);
  return document(request, std::move(page), "application/json", link);
}

Result<OciMirror::Named> OciMirror::find(RepositoryNames::Meant meant) {
  for (oci::Document& repository : meant.all) {
    SLUICE_TRY(auto served, find(repository.name()));
    if (served) {
      return Named{std::move(repository), std::move(served)};
    }
  }
  return Named{std::move(meant.all[meant.likely]), nullptr};
}

Result<RepositoryCache::Served> OciMirror::find(const std::string& document) {
  const Edition edition = catalog_.current();
  if (auto cached = cache_.find(document, edition)) {
    return cached;
  }
  SLUICE_TRY(const auto entry, catalog_.find(edition, oci::kEcosystem, document));
  if (!entry) {
    return RepositoryCache::Served();
  }
  if (auto same = cache_.renew(document, entry->since, edition)) {
    return same;
  }
  proto::OciRepository body;
  if (!body.ParseFromString(entry->body)) {
    return Error{ErrorCode::kIo, document, "its record cannot be read", "check the catalog's disk"};
  }
  auto made = std::make_shared<const ServedRepository>(body);
  cache_.put(document, entry->since, edition, made);
  return RepositoryCache::Served(std::move(made));
}

// Read once for each edition: the catalog gives whole records.
Result<OciMirror::Names> OciMirror::names() {
  const Edition edition = catalog_.current();
  const std::scoped_lock lock(names_mutex_);
  if (names_ != nullptr && names_at_ == edition) {
    return names_;
  }
  auto all = std::make_shared<std::vector<std::string>>();
  SLUICE_TRY_VOID(catalog_.list(edition, oci::kEcosystem, "", [&](const CatalogEntry& entry) {
    all->push_back(entry.document);
    return true;
  }));
  names_ = std::move(all);
  names_at_ = edition;
  return names_;
}

Result<std::vector<std::string>> OciMirror::registries() {
  SLUICE_TRY(const Names all, names());
  std::vector<std::string> found;
  for (const std::string& document : *all) {
    std::string registry = document.substr(0, document.find('/'));
    if (found.empty() || found.back() != registry) {
      found.push_back(std::move(registry));
    }
  }
  return found;
}

LeftOut OciMirror::left_out() const {
  if (!catalog_.any_lost()) {
    return [](const Sha256Digest&) { return false; };
  }
  return [this](const Sha256Digest& digest) { return catalog_.is_lost(digest); };
}

}  // namespace sluice::high
