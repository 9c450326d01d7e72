// The protocols by which clients publish, beside the mirrors of the same paths.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "common/http/router.h"
#include "highside/pipeline/publishing.h"
#include "highside/pipeline/retention.h"

namespace sluice::high {

// Uploads to /pypi, /repository/pypi-hosted, /npm and /files of the current edition. `router` is
// the one that the mirrors are mounted in.
void mount_publishing(http::Router& router, const PublishParts& parts);

// What of npm and files is published by requests without a body of its own; the rest is the
// mirror's.
http::Handler with_npm_changes(const PublishParts& parts, http::Handler mirror);
http::Handler with_file_changes(const PublishParts& parts, http::Handler mirror);

// Images: mounts what takes their bodies, and gives what answers in place of the mirror. Where no
// name is the site's, nothing can be pushed, and the mirror stays what it is.
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
