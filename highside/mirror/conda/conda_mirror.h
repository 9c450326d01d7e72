// What is held of conda channels, for conda, mamba and pixi:
//
//   /conda/CHANNEL/SUBDIR/repodata.json, repodata.json.zst
//   /conda/CHANNEL/SUBDIR/numpy-1.26.4-py311h64a7726_0.conda
//
// Indices are rendered of exactly what is held. Their other forms (current_repodata.json,
// repodata_shards.msgpack.zst, .bz2, patches) are answered with 404, and clients take these.
#pragma once

#include <memory>
#include <string>

#include "common/http/message.h"
#include "common/store/blob_store.h"
#include "highside/mirror/conda/subdir_cache.h"
#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

// Callable from any thread. `catalog` and `blobs` must outlive it.
class CondaMirror {
 public:
  // The largest record that crosses makes an index of 56 MB and its compressed form.
  static constexpr std::size_t kCacheBytes = std::size_t{256} << 20;

  // `prefix`: where it is mounted, such as "/conda". `cache_bytes`: for what it rendered.
  CondaMirror(std::string prefix, const CatalogReader& catalog, const store::BlobStore& blobs,
              std::size_t cache_bytes = kCacheBytes);

  http::Response handle(const http::Request& request);

  // For the router; shares ownership, so that the mirror lives as long as its handler.
  static http::Handler handler(std::shared_ptr<CondaMirror> mirror);

 private:
  struct Asked {
    std::string channel;
    std::string subdir;
    std::string document;  // of both
    std::string file;      // an index's name or a package's
  };

  http::Response answer(const http::Request& request, const Asked& asked);
  http::Response index(const http::Request& request, std::shared_ptr<const ServedSubdir> subdir,
                       bool is_packed) const;
  http::Response package(const http::Request& request, const Asked& asked,
                         const Sha256Digest& digest) const;
  // None: it is not held.
  Result<std::shared_ptr<const ServedSubdir>> find(const Asked& asked);
  Result<bool> holds_channel(Edition edition, const std::string& channel) const;

  std::string prefix_;
  const CatalogReader& catalog_;
  const store::BlobStore& blobs_;
  SubdirCache cache_;
};

}  // namespace sluice::high
