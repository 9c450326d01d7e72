// The two kinds of open blobs.
#pragma once

#include <memory>
#include <string>

#include "common/base/file_system.h"
#include "common/store/blob_store.h"

namespace sluice::store {

// `name` is for errors.
std::unique_ptr<BlobReader> read_inline(std::string name, std::string bytes);
std::unique_ptr<BlobReader> read_from_file(std::string name, std::unique_ptr<File> file,
                                           std::uint64_t size);

}  // namespace sluice::store
