// pylock.toml, lock-version 1 (PEP 751): exact versions with their hashes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "lowside/upstream/pypi/want.h"

namespace sluice::low {

// PEP 751 has lock files named pylock.toml or pylock.NAME.toml.
bool is_lock_file_name(const std::filesystem::path& path);

// A requirement for each package: its version, its marker, and the hashes of its files. A marker
// that asks for extras or dependency groups is left out, so that what any of them needs comes
// along. kInvalid: it is no such file, is of a later version, or holds a package that is not from
// an index (vcs, directory, archive), named with its cure.
Result<PypiWant> read_lock_file(const std::string& name, std::string_view text);

}  // namespace sluice::low
