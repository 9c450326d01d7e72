#include "highside/mirror/conda/items.h"

#include "common/base/hasher.h"
#include "common/base/text.h"
#include "sluice/conda.pb.h"

namespace sluice::high {

Result<RecordItems> conda_items(const CatalogEntry& entry) {
  proto::CondaSubdir subdir;
  if (!subdir.ParseFromString(entry.body)) {
    return Error{ErrorCode::kIo, entry.document, "its record cannot be read",
                 "check the catalog's disk"};
  }
  RecordItems items;
  for (const proto::CondaFile& file : subdir.files()) {
    items[{"file", file.name()}] = "sha256:" + hex_encode(as_bytes(file.sha256())) +
                                   ", metadata sha256:" + sha256(as_bytes(file.metadata())).hex();
    if (file.removed()) {
      items[{"removed", file.name()}] = "from the channel's index";
    }
  }
  return items;
}

}  // namespace sluice::high
