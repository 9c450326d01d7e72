// What is held of a Hugging Face Hub, for its own clients: HF_ENDPOINT=http://HIGH/hf for the
// Python ones, hubUrl for the JavaScript ones. hub_request.h has the addresses. Nothing is said of
// Xet, so that clients take the plain way.
#pragma once

#include <memory>
#include <string>

#include "common/http/message.h"
#include "common/store/blob_store.h"
#include "highside/mirror/huggingface/hub_request.h"
#include "highside/pipeline/catalog_reader.h"
#include "sluice/huggingface.pb.h"

namespace sluice::high {

// Callable from any thread. `catalog` and `blobs` must outlive it.
class HuggingFaceMirror {
 public:
  // `prefix`: where it is mounted, such as "/hf".
  HuggingFaceMirror(std::string prefix, const CatalogReader& catalog, const store::BlobStore& blobs)
      : prefix_(std::move(prefix)), catalog_(catalog), blobs_(blobs) {}

  http::Response handle(const http::Request& request) const;

  // For the router; shares ownership, so that the mirror lives as long as its handler.
  static http::Handler handler(std::shared_ptr<const HuggingFaceMirror> mirror);

 private:
  struct Held {
    std::string commit;
    proto::HuggingFaceRevision revision;
  };

  http::Response answer(const http::Request& request, const HubRequest& asked) const;
  http::Response list(const http::Request& request, huggingface::Kind kind) const;
  http::Response refs(const http::Request& request, const HubRequest& asked) const;
  http::Response about(const http::Request& request, const HubRequest& asked) const;
  http::Response tree(const http::Request& request, const HubRequest& asked) const;
  http::Response paths_info(const http::Request& request, const HubRequest& asked) const;
  http::Response file(const http::Request& request, const HubRequest& asked) const;

  // By branch, tag or commit. kNotFound: neither is held.
  Result<Held> held(const HubRequest& asked) const;
  Result<std::optional<proto::HuggingFaceRefs>> find_refs(
      const huggingface::Repository& repository) const;
  http::Response failure(const Error& error, const HubRequest& asked) const;
  bool holds(const huggingface::Repository& repository) const;

  std::string prefix_;
  const CatalogReader& catalog_;
  const store::BlobStore& blobs_;
};

}  // namespace sluice::high
