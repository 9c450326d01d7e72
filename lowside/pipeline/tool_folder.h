// The folders in which package managers resolve for us.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "common/base/error.h"

namespace sluice::low {

// Empties a tool's cache that has grown beyond `max_bytes`: those of npm and pip only ever grow.
// What cannot be removed is left: it shows when the tool uses it.
void bound_cache(const std::filesystem::path& cache, std::uint64_t max_bytes);

// Replaces a file that a tool reads; not durably. kIo.
Result<void> write_text(const std::filesystem::path& path, std::string_view text);

}  // namespace sluice::low
