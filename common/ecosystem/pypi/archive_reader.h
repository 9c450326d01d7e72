// The metadata that a wheel or a source archive carries, read out of it by libarchive.
#pragma once

#include <filesystem>
#include <string>

#include "common/base/error.h"
#include "common/ecosystem/pypi/file_name.h"

namespace sluice::pypi {

// A wheel's *.dist-info/METADATA, a source archive's PKG-INFO, byte for byte. `thing` for messages.
// kIntegrity: it is no such archive, has none or two of them, or holds what points out of itself: a
// path upwards, an absolute one, a link. Nothing else is unpacked.
Result<std::string> read_archived_metadata(const std::string& thing,
                                           const std::filesystem::path& path, FileKind kind);

}  // namespace sluice::pypi
