#include "highside/mirror/npm/items.h"

#include "common/base/hasher.h"
#include "common/base/text.h"
#include "common/ecosystem/npm/json_text.h"
#include "sluice/npm.pb.h"

namespace sluice::high {

Result<RecordItems> npm_items(const CatalogEntry& entry) {
  proto::NpmPackage package;
  if (!package.ParseFromString(entry.body)) {
    return Error{ErrorCode::kIo, entry.document, "its record cannot be read",
                 "check the catalog's disk"};
  }
  RecordItems items;
  for (const proto::NpmVersion& version : package.versions()) {
    items[{"version", version.version()}] =
        "sha256:" + hex_encode(as_bytes(version.tarball())) +
        ", manifest sha256:" + sha256(as_bytes(version.manifest())).hex();
    const auto members = npm::json_members(version.manifest());
    const std::string_view deprecated =
        members ? npm::json_find(*members, "deprecated") : std::string_view();
    if (!deprecated.empty() && deprecated != "false" && deprecated != "\"\"") {
      items[{"deprecation", version.version()}] = deprecated;
    }
  }
  for (const auto& [tag, version] : package.dist_tags()) {
    items[{"dist-tag", tag}] = version;
  }
  return items;
}

}  // namespace sluice::high
