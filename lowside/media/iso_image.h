// An ISO 9660 image of a volume's folder, by xorriso.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "common/base/error.h"

namespace sluice::low {

// Writes `image` under another name first. Replaces one that is there. kNotFound: xorriso is not
// installed. `label` is cut to what the format takes.
Result<void> make_iso_image(const std::filesystem::path& folder, const std::filesystem::path& image,
                            const std::string& label, const std::stop_token& stop);

}  // namespace sluice::low
