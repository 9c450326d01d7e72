// Repositories of images and other artifacts, for docker, podman, skopeo, containerd, apptainer and
// oras (OCI distribution specification 1.1: pull and content discovery).
//
//   /v2/docker.io/library/nginx/manifests/1.25     as well as /v2/nginx/…, /v2/library/nginx/…
//   /v2/…/blobs/sha256:…, /v2/…/tags/list, /v2/…/referrers/sha256:…, /v2/_catalog
//   /sif/docker.io/team/app/1.0.sif                the file of a SIF image, for whoever has only
//   https
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/http/content.h"
#include "common/http/message.h"
#include "common/store/blob_store.h"
#include "highside/mirror/oci/listings.h"
#include "highside/mirror/oci/registry_request.h"
#include "highside/mirror/oci/repository_cache.h"
#include "highside/mirror/oci/repository_names.h"
#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

// Callable from any thread. `catalog` and `blobs` must outlive it.
class OciMirror {
 public:
  // A repository of 1000 tags takes a megabyte.
  static constexpr std::size_t kCacheBytes = std::size_t{128} << 20;

  // `prefix`: where it is mounted: "/v2", or "/edition/17/v2". `default_namespace`: of names
  // without a registry, "docker.io". `is_of_the_site`: none: no name is.
  OciMirror(std::string prefix, std::string default_namespace, const CatalogReader& catalog,
            const store::BlobStore& blobs, std::size_t cache_bytes = kCacheBytes,
            RepositoryNames::IsOfTheSite is_of_the_site = {});

  http::Response handle(const http::Request& request);
  // `path`: below "/sif", decoded.
  http::Response handle_sif(const http::Request& request, std::string_view path);
  // Whose repositories are held, in order: what clients' settings are to name.
  Result<std::vector<std::string>> registries();

  // For the router; shares ownership, so that the mirror lives as long as its handler.
  static http::Handler handler(std::shared_ptr<OciMirror> mirror);
  // Of where it is mounted for SIF images: "/sif", or "/edition/17/sif".
  static http::Handler sif_handler(std::shared_ptr<OciMirror> mirror, std::string prefix);

 private:
  // What a name was found to be: a repository that is held, or the one that was most likely meant.
  struct Named {
    oci::Document repository;
    RepositoryCache::Served served;  // none: not held
  };
  using Names = std::shared_ptr<const std::vector<std::string>>;

  http::Response answer(const http::Request& request, const RegistryRequest& asked,
                        const ListQuery& query);
  http::Response manifest(const http::Request& request, const std::string& reference,
                          const Named& named) const;
  http::Response blob(const http::Request& request, const std::string& reference,
                      const Named& named) const;
  http::Response sif_file(const http::Request& request, const std::string& tag,
                          const Named& named) const;
  http::Response tags(const http::Request& request, const RegistryRequest& asked,
                      const ListQuery& query, const Named& named) const;
  http::Response referrers(const http::Request& request, const RegistryRequest& asked,
                           const ListQuery& query, const Named& named) const;
  http::Response catalog(const http::Request& request, const ListQuery& query);
  http::Response bytes(const http::Request& request, const Sha256Digest& digest,
                       http::Content content) const;

  Result<Named> find(RepositoryNames::Meant meant);
  Result<RepositoryCache::Served> find(const std::string& document);
  Result<Names> names();
  LeftOut left_out() const;

  const std::string prefix_;
  const RepositoryNames meant_;
  const CatalogReader& catalog_;
  const store::BlobStore& blobs_;
  RepositoryCache cache_;
  std::mutex names_mutex_;
  Names names_;  // of every repository, at one edition
  Edition names_at_;
};

}  // namespace sluice::high
