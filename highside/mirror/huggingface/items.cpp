#include "highside/mirror/huggingface/items.h"

#include "common/base/text.h"
#include "sluice/huggingface.pb.h"

namespace sluice::high {
namespace {

Error unreadable(const CatalogEntry& entry) {
  return {ErrorCode::kIo, entry.document, "its record cannot be read", "check the catalog's disk"};
}

}  // namespace

Result<RecordItems> huggingface_items(const CatalogEntry& entry) {
  RecordItems items;
  if (entry.document.find('@') == std::string::npos) {
    proto::HuggingFaceRefs refs;
    if (!refs.ParseFromString(entry.body)) {
      return unreadable(entry);
    }
    for (const auto& [name, commit] : refs.commits()) {
      items[{"branch", name}] = commit;
    }
    return items;
  }
  proto::HuggingFaceRevision revision;
  if (!revision.ParseFromString(entry.body)) {
    return unreadable(entry);
  }
  for (const proto::HuggingFaceFile& file : revision.files()) {
    items[{"file", file.path()}] = "sha256:" + hex_encode(as_bytes(file.sha256()));
  }
  return items;
}

}  // namespace sluice::high
