// Pushing images and other artifacts into the site's own namespaces, for docker, podman, buildah,
// skopeo, oras and apptainer (OCI distribution specification 1.1: push and content management).
//
//   POST, PATCH, PUT ─▶ Reception ─▶ StagedBlob ─▶ the store, held for an hour ─▶ PushedBlobs
//   PUT manifest     ─▶ Reception ─▶ what it names is here? ─▶ SitePublisher: the next edition
//
// What it does not answer itself goes to the mirror that serves pulls.
#pragma once

#include <memory>
#include <string>

#include "common/http/message.h"
#include "common/http/upload.h"
#include "highside/pipeline/publishing.h"
#include "highside/publish/oci/push_request.h"
#include "highside/publish/oci/pushed_blobs.h"
#include "highside/publish/oci/upload_book.h"

namespace sluice::high {

// Callable from any thread.
class OciPush {
 public:
  // `prefix`: where it is mounted: "/v2". `mirror` serves pulls.
  OciPush(std::string prefix, const PublishParts& parts, http::Handler mirror);

  // GET, HEAD and DELETE, and what the mirror serves.
  http::Response handle(const http::Request& request);
  // POST, PUT and PATCH.
  http::Opening receive(const http::Request& head);

  // For the router; share ownership.
  static http::Handler handler(std::shared_ptr<OciPush> push);
  static http::Receiver receiver(std::shared_ptr<OciPush> push);

 private:
  friend class UploadReception;
  friend class ManifestReception;

  // To whom and by whom; or why not.
  struct Admitted {
    std::string document;
    std::string who;
  };
  std::variant<Admitted, http::Response> admit(const http::Request& request,
                                               const PushRequest& asked, Verb verb) const;

  http::Response support(const http::Request& request) const;
  http::Response token(const http::Request& request) const;
  http::Response denied(const http::Request& request, const Verdict& verdict,
                        const std::string& document) const;

  http::Opening begin(const http::Request& head, const Admitted& to);
  http::Opening go_on(const http::Request& head, const PushRequest& asked, const Admitted& to);
  std::optional<http::Response> mount(const http::Request& head, const Admitted& to);
  http::Response upload_status(const http::Request& request, const PushRequest& asked);
  http::Response complete(UploadBook::Lease& lease, const std::string& document,
                          const std::string& digest);
  http::Response progress(unsigned status, const std::string& document, const std::string& id,
                          std::uint64_t size) const;
  http::Response created(const std::string& document, const Sha256Digest& blob) const;

  http::Response put_manifest(const Admitted& to, const std::string& reference,
                              const std::string& media_type, const std::string& bytes);
  http::Response remove(const http::Request& request, const PushRequest& asked);
  http::Response remove_manifest(const Admitted& by, const std::string& reference);
  http::Response remove_blob(const Admitted& by, const std::string& reference);
  std::optional<http::Response> pushed_blob(const http::Request& request,
                                            const PushRequest& asked) const;

  const std::string prefix_;
  const PublishParts parts_;
  const http::Handler mirror_;
  UploadBook uploads_;
  PushedBlobs pushed_;
};

}  // namespace sluice::high
