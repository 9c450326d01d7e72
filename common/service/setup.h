// What `init` of both programs does alike. Nothing that exists is replaced.
#pragma once

#include <filesystem>
#include <string>

#include "common/base/error.h"
#include "common/base/file_system.h"
#include "common/config/table.h"

namespace sluice::service {

Result<void> make_setup_folder(const std::filesystem::path& folder);  // mode 0750
Result<void> write_new_file(const std::filesystem::path& path,
                            const std::string& text);  // says what it did
// The table's example configuration, with "/etc/sluice" in it replaced by `folder`.
Result<void> write_example(const config::Table& table, const std::filesystem::path& folder,
                           const std::string& name);

}  // namespace sluice::service
