// The transfer sheet: one page for the people who carry a bundle, as plain text and as HTML.
#pragma once

#include <string>

#include "common/media/manifest.h"

namespace sluice::low {

// Of `manifest`: all volumes, with blanks for those who sign. The artifacts are not looked at.
std::string sheet_text(const media::VolumeManifest& manifest);
std::string sheet_html(const media::VolumeManifest& manifest);

}  // namespace sluice::low
