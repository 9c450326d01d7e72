// sluice-low init: keys and an example configuration.
#pragma once

#include <filesystem>

#include "common/base/error.h"

namespace sluice::low {

// Makes signing.key, signing.pub, low.toml and the site's apt key (apt/) in `folder`. What is there
// already stays.
Result<void> init(const std::filesystem::path& folder);

}  // namespace sluice::low
