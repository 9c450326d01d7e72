// What is held of PyPI, as a simple repository that pip, uv and poetry install from:
//   <prefix>/simple/                     the projects that are held
//   <prefix>/simple/<project>/           a project's files, as HTML or JSON
//   <prefix>/packages/<project>/<file>   a file; <file>.metadata is a wheel's METADATA (PEP 658)
#pragma once

#include <memory>
#include <string>

#include "common/http/message.h"
#include "common/store/blob_store.h"
#include "highside/pipeline/catalog_reader.h"
#include "sluice/pypi.pb.h"

namespace sluice::high {

// Callable from any thread. `catalog` and `blobs` must outlive it.
class PypiMirror {
 public:
  // `prefix`: where it is mounted, such as "/pypi".
  PypiMirror(std::string prefix, const CatalogReader& catalog, const store::BlobStore& blobs);

  http::Response handle(const http::Request& request) const;

  // For the router; shares ownership, so that the mirror lives as long as its handler.
  static http::Handler handler(std::shared_ptr<const PypiMirror> mirror);

 private:
  http::Response simple(const http::Request& request, std::string_view path) const;
  http::Response index(const http::Request& request) const;
  http::Response project(const http::Request& request, const std::string& name) const;
  http::Response package(const http::Request& request, std::string_view path) const;
  http::Response blob(const http::Request& request, const std::string& thing,
                      const std::string& digest, const std::string& media_type) const;
  Result<proto::PypiProject> read(const std::string& name) const;

  std::string prefix_;
  const CatalogReader& catalog_;
  const store::BlobStore& blobs_;
};

}  // namespace sluice::high
