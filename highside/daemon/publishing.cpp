#include "highside/daemon/publishing.h"

#include <boost/json.hpp>

#include "highside/mirror/oci/oci_pruner.h"
#include "highside/publish/files/files_publisher.h"
#include "highside/publish/npm/npm_pruner.h"
#include "highside/publish/npm/npm_publisher.h"
#include "highside/publish/oci/oci_push.h"
#include "highside/publish/pypi/pypi_pruner.h"
#include "highside/publish/pypi/pypi_publisher.h"

namespace sluice::high {

namespace {

std::string root_or(const std::string& at) { return at.empty() ? "/" : at; }

}  // namespace

void mount_pypi_uploads(http::Router& router, const std::string& at, const PublishParts& parts) {
  router.mount_receiver(root_or(at),
                        [publisher = PypiPublisher(at, parts)](const http::Request& head) {
                          return publisher.open(head);
                        });
}

http::Handler with_npm_changes(http::Router& router, const std::string& at,
                               const PublishParts& parts, http::Handler mirror) {
  router.mount_receiver(root_or(at),
                        [publisher = NpmPublisher(at, parts)](const http::Request& head) {
                          return publisher.open(head);
                        });
  return [publisher = NpmPublisher(at, parts),
          mirror = std::move(mirror)](const http::Request& request) {
    return publisher.takes(request) ? publisher.handle(request) : mirror(request);
  };
}

http::Handler with_file_changes(http::Router& router, const std::string& at,
                                const PublishParts& parts, http::Handler mirror) {
  router.mount_receiver(root_or(at),
                        [publisher = FilesPublisher(at, parts)](const http::Request& head) {
                          return publisher.open(head);
                        });
  return [publisher = FilesPublisher(at, parts),
          mirror = std::move(mirror)](const http::Request& request) {
    return request.method == "DELETE" ? publisher.handle(request) : mirror(request);
  };
}

http::Handler with_image_pushes(http::Router& router, const PublishParts& parts,
                                http::Handler mirror) {
  if (parts.namespaces.empty()) {
    return mirror;
  }
  const auto push = std::make_shared<OciPush>("/v2", parts, std::move(mirror));
  router.mount_receiver("/v2", OciPush::receiver(push));
  return OciPush::handler(push);
}

std::vector<std::unique_ptr<Pruner>> pruners(const Clock& clock, const store::BlobStore& blobs) {
  std::vector<std::unique_ptr<Pruner>> all;
  all.push_back(std::make_unique<NpmPruner>(clock));
  all.push_back(std::make_unique<PypiPruner>());
  all.push_back(std::make_unique<OciPruner>(blobs));
  return all;
}

Result<std::string> withdraw(SitePublisher& site, const Namespaces& namespaces,
                             std::string_view what) {
  namespace json = boost::json;
  SiteChange change{.ecosystem = "", .document = "", .by = "operator", .make = {}};
  try {
    const json::object asked = json::parse({what.data(), what.size()}).as_object();
    change.ecosystem = asked.at("ecosystem").as_string();
    change.document = asked.at("document").as_string();
  } catch (const std::exception& error) {
    return Error{ErrorCode::kInvalid, "withdraw", error.what(),
                 "are program and daemon of the same version?"};
  }
  if (change.ecosystem == "files") {
    change.ecosystem = "file";
  }
  const std::string name = change.ecosystem + " " + change.document;
  if (!namespaces.contains(change.ecosystem, change.document)) {
    return Error{ErrorCode::kRefused, name, "it is in no namespace of this site",
                 "what came from outside is withdrawn there"};
  }
  change.over_outside = true;
  change.make = [&](const std::optional<CatalogEntry>& now) {
    using Made = Result<std::optional<proto::Record>>;
    if (!now) {
      return Made(Error{ErrorCode::kNotFound, name, "it is not here", ""});
    }
    proto::Record record;
    record.set_withdrawn(true);
    return Made(std::optional(std::move(record)));
  };
  SLUICE_TRY(const SiteOutcome done, site.publish(change));
  return name + " is withdrawn, in edition " + std::to_string(done.edition.value());
}

}  // namespace sluice::high
