// How publications change the record of a package.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <set>
#include <string>

#include "common/base/clock.h"
#include "highside/pipeline/catalog_reader.h"
#include "highside/pipeline/site.h"
#include "sluice/npm.pb.h"

namespace sluice::high {

using MadeRecord = Result<std::optional<proto::Record>>;

// A version that came with its tarball.
struct NewVersion {
  std::string version;
  std::string manifest;  // JSON, `dist` included
  store::BlobInfo tarball;
};

// Adds it, and the tags and other members of `document`. kRefused: it is there with other bytes.
MadeRecord with_version(const std::string& name, const NewVersion& added,
                        const boost::json::object& document, UtcTime when,
                        const std::optional<CatalogEntry>& now);
// What `document` says is deprecated, of versions that are held. kNotFound.
MadeRecord with_deprecations(const std::string& name, const boost::json::object& document,
                             UtcTime when, const std::optional<CatalogEntry>& now);
// `version` empty: the tag goes. kNotFound, kInvalid.
MadeRecord with_tag(const std::string& name, const std::string& tag, const std::string& version,
                    UtcTime when, const std::optional<CatalogEntry>& now);
// Without all that are not in `kept`; withdrawn where none is left. kNotFound.
MadeRecord with_versions(const std::string& name, const std::set<std::string>& kept, UtcTime when,
                         const std::optional<CatalogEntry>& now);

}  // namespace sluice::high
