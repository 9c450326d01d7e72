#include "highside/mirror/files/items.h"

#include "common/base/text.h"
#include "sluice/file.pb.h"

namespace sluice::high {

Result<RecordItems> file_items(const CatalogEntry& entry) {
  proto::FileEntry file;
  if (!file.ParseFromString(entry.body)) {
    return Error{ErrorCode::kIo, entry.document, "its record cannot be read",
                 "check the catalog's disk"};
  }
  return RecordItems{{{"file", entry.document}, "sha256:" + hex_encode(as_bytes(file.sha256()))}};
}

}  // namespace sluice::high
