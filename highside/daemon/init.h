// sluice-high init: keys and an example configuration.
#pragma once

#include <filesystem>

#include "common/base/error.h"

namespace sluice::high {

// Makes opening.key, opening.pub and high.toml in `folder`. What is there already stays.
Result<void> init(const std::filesystem::path& folder);

}  // namespace sluice::high
