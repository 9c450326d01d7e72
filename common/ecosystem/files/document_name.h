// Names of plain files, as both sides must agree on them: "<collection>/<path>", such as
// "drop/tools/installer.run".
#pragma once

#include <string_view>

#include "common/base/error.h"

namespace sluice::files {

// A segment between slashes: UTF-8 without control characters, 1 to 255 bytes, neither "." nor
// "..", without '\'.
Result<void> check_segment(std::string_view segment);

// At least two segments, together at most limits::kMaxDocumentNameBytes. kInvalid says which part
// is wrong.
Result<void> check_document_name(std::string_view document);

}  // namespace sluice::files
