// What is held of npm, as a registry that npm, pnpm and yarn install from.
#pragma once

#include <memory>
#include <string>

#include "common/http/message.h"
#include "common/store/blob_store.h"
#include "highside/mirror/npm/document_cache.h"
#include "highside/mirror/npm/render.h"
#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

// Callable from any thread. `catalog` and `blobs` must outlive it.
class NpmMirror {
 public:
  // A full packument of a popular package held in 50 versions has about 200 KB: room for a thousand
  // of them twice over.
  static constexpr std::size_t kCacheBytes = std::size_t{256} << 20;

  // `prefix`: where it is mounted: "/npm", or "/" for the root. `cache_bytes`: of rendered
  // documents that are kept.
  NpmMirror(std::string prefix, const CatalogReader& catalog, const store::BlobStore& blobs,
            std::size_t cache_bytes = kCacheBytes);

  http::Response handle(const http::Request& request);

  // For the router; shares ownership, so that the mirror lives as long as its handler.
  static http::Handler handler(std::shared_ptr<NpmMirror> mirror);

 private:
  http::Response handle_service(const http::Request& request, std::string_view path);
  http::Response handle_package(const http::Request& request, std::string_view path);
  http::Response packument(const http::Request& request, const std::string& name);
  http::Response manifest(const http::Request& request, const std::string& name,
                          const std::string& version);
  http::Response tarball(const http::Request& request, const std::string& name,
                         const std::string& file);
  http::Response dist_tags(const http::Request& request, const std::string& name);
  Result<std::optional<CatalogEntry>> find(const std::string& name) const;
  Result<proto::NpmPackage> read(const std::string& name) const;
  std::string root(const http::Request& request) const;

  std::string prefix_;  // "" for the root
  const CatalogReader& catalog_;
  const store::BlobStore& blobs_;
  DocumentCache cache_;
};

}  // namespace sluice::high
