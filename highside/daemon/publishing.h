// The protocols by which clients publish, beside the mirrors of the same paths.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/router.h"
#include "highside/pipeline/publishing.h"
#include "highside/pipeline/retention.h"

namespace sluice::high {

// Each for the registry that is mounted at `at` ("/npm", "" for the root), of the current edition:
// mounts what takes bodies in `router`, and gives what answers in
// place of the mirror.
void mount_pypi_uploads(http::Router& router, const std::string& at, const PublishParts& parts);
http::Handler with_npm_changes(http::Router& router, const std::string& at,
                               const PublishParts& parts, http::Handler mirror);
http::Handler with_file_changes(http::Router& router, const std::string& at,
                                const PublishParts& parts, http::Handler mirror);

// Images, at /v2. Where no name is the site's, nothing can be pushed, and the mirror stays what it
// is.
http::Handler with_image_pushes(http::Router& router, const PublishParts& parts,
                                http::Handler mirror);

// What retention takes documents apart with; both outlive them.
std::vector<std::unique_ptr<Pruner>> pruners(const Clock& clock, const store::BlobStore& blobs);

// Takes a document away as a whole, also one that came from outside under a name that has become
// the site's. `what`: {"ecosystem", "document"}, the former as settings have it. kRefused: the name
// is none of the site's.
Result<std::string> withdraw(SitePublisher& site, const Namespaces& namespaces,
                             std::string_view what);

}  // namespace sluice::high
