// Where a poll of images gets what it asks for: a registry, or archives in a drop folder, which
// answer as a registry does.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "lowside/pipeline/upstream.h"

namespace sluice::low {

// One thread at a time.
class OciOrigin {
 public:
  template <class Request>
  struct Asked {
    std::string repository;
    Request request;  // without credentials
  };
  using AskedDocument = Asked<DocumentRequest>;
  using AskedFile = Asked<FetchRequest>;

  virtual ~OciOrigin() = default;

  // The kind of evidence that its manifests have: "oci-registry".
  virtual std::string_view evidence() const = 0;
  // Of a repository's "manifests/…", "blobs/…", "tags/list" or "referrers/…".
  virtual std::string uri(const std::string& repository, const std::string& path) const = 0;

  // As Fetch has them. An answer 401 is never given: it is an Error, kRefused.
  virtual void documents(PollContext& context, const std::vector<AskedDocument>& asked,
                         const std::function<void(std::size_t index, Result<Document>)>& done) = 0;
  virtual Result<Document> document(PollContext& context, const AskedDocument& asked) = 0;
  virtual void files(PollContext& context, const std::vector<AskedFile>& asked,
                     const std::function<void(std::size_t index, Result<FetchedFile>)>& done) = 0;

  // What files() gave under this digest was not let across, for good.
  virtual void refused(const Sha256Digest& /*digest*/, const Error& /*why*/) {}
};

}  // namespace sluice::low
