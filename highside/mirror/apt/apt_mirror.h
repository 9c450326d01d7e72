// What is held of apt archives, as servers that apt takes packages from:
//
//   /apt/                                 what there is, with what to put into a client
//   /apt/debian/debian.asc                the key that the archive's indices are signed with
//   /apt/debian/debian.sources            a client's sources; ?signed-by=/path names its key's
//   place /apt/debian/dists/                    the suites /apt/debian/dists/bookworm/InRelease  …
//   and every file of the suite, also by-hash/<field>/<hex> /apt/debian/pool/… packages
#pragma once

#include <memory>
#include <string>

#include "common/http/message.h"
#include "common/store/blob_store.h"
#include "highside/mirror/apt/archive_cache.h"
#include "highside/mirror/apt/keyrings.h"

namespace sluice::high {

// Callable from any thread. What it is made of outlives it.
class AptMirror {
 public:
  // `prefix`: where it is mounted: "/apt", or "/" for the root.
  AptMirror(const std::string& prefix, const AptKeyrings& keyrings, const CatalogReader& catalog,
            const store::BlobStore& blobs);

  http::Response handle(const http::Request& request);

  // For the router; shares ownership, so that the mirror lives as long as its handler.
  static http::Handler handler(std::shared_ptr<AptMirror> mirror);

 private:
  http::Response archive(const http::Request& request, const std::string& archive,
                         std::string_view path);
  http::Response start_page(const http::Request& request);
  http::Response page(const http::Request& request, std::string text) const;
  Result<const ServedFile*> find(const ArchiveSuites& suites, std::string_view path) const;
  Result<const ServedFile*> find_by_hash(const ServedSuite& suite, std::string_view path,
                                         std::size_t by_hash) const;
  http::Response serve(const http::Request& request, std::string_view path,
                       const ServedFile& file) const;
  std::string archive_url(const http::Request& request, const std::string& archive) const;

  std::string prefix_;  // "" for the root
  const AptKeyrings& keyrings_;
  const CatalogReader& catalog_;
  const store::BlobStore& blobs_;
  ArchiveCache cache_;
};

}  // namespace sluice::high
