// Paths that archives name: Filename of a package, the files that a Release lists.
#pragma once

#include <string_view>

namespace sluice::apt {

// Longer names are on no archive; ext4 allows 4096 bytes for a whole path.
inline constexpr std::size_t kMaxPathBytes = 1024;

// Relative, UTF-8, without empty, "." and ".." segments, control characters and backslashes: it
// stays below the folder to which it is added, is shown to people as it is, and stands in a record.
bool is_safe_path(std::string_view path);

// One segment of such a path: an archive's name, a component, an architecture.
bool is_safe_segment(std::string_view segment);

}  // namespace sluice::apt
