// What is held of plain files: /files/<collection>/<path> with ranges and digests, and listings of
// what is there, for people (HTML) and programs (JSON, by Accept).
#pragma once

#include <memory>
#include <string>

#include "common/http/message.h"
#include "common/store/blob_store.h"
#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

// Callable from any thread. `catalog` and `blobs` must outlive it.
class FilesMirror {
 public:
  // `prefix`: where it is mounted, such as "/files".
  FilesMirror(std::string prefix, const CatalogReader& catalog, const store::BlobStore& blobs)
      : prefix_(std::move(prefix)), catalog_(catalog), blobs_(blobs) {}

  http::Response handle(const http::Request& request) const;

  // For the router; shares ownership, so that the mirror lives as long as its handler.
  static http::Handler handler(std::shared_ptr<const FilesMirror> mirror);

 private:
  http::Response file(const http::Request& request, const CatalogEntry& entry) const;
  http::Response folder(const http::Request& request, Edition edition,
                        const std::string& folder) const;

  std::string prefix_;
  const CatalogReader& catalog_;
  const store::BlobStore& blobs_;
};

}  // namespace sluice::high
