#include "highside/mirror/pypi/items.h"

#include "common/base/text.h"
#include "sluice/pypi.pb.h"

namespace sluice::high {
namespace {

std::string state_of(const proto::PypiFile& file) {
  std::string state = "sha256:" + hex_encode(as_bytes(file.sha256()));
  if (!file.metadata().empty()) {
    state += ", metadata sha256:" + hex_encode(as_bytes(file.metadata()));
  }
  if (!file.attestations().empty()) {
    state += ", provenance sha256:" + hex_encode(as_bytes(file.attestations()));
  }
  if (!file.requires_python().empty()) {
    state += ", requires python " + file.requires_python();
  }
  return state;
}

}  // namespace

Result<RecordItems> pypi_items(const CatalogEntry& entry) {
  proto::PypiProject project;
  if (!project.ParseFromString(entry.body)) {
    return Error{ErrorCode::kIo, entry.document, "its record cannot be read",
                 "check the catalog's disk"};
  }
  RecordItems items;
  for (const proto::PypiFile& file : project.files()) {
    items[{"file", file.filename()}] = state_of(file);
    if (file.yanked()) {
      items[{"yank", file.filename()}] =
          file.yanked_reason().empty() ? "without a reason" : file.yanked_reason();
    }
  }
  return items;
}

}  // namespace sluice::high
