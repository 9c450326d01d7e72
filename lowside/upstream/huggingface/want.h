// One entry of a want-list: a repository at a revision.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/ecosystem/huggingface/repository.h"

namespace sluice::low {

struct HuggingFaceWant {
  huggingface::Repository repository;
  std::string revision;  // "main" where none was given
};

// "org/name", "org/name@v1.0", "datasets/org/name@refs/convert/parquet". kInvalid names what is
// wrong.
Result<HuggingFaceWant> parse_huggingface_want(std::string_view text);

}  // namespace sluice::low
