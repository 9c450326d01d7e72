// What went wrong, as clients that push read it.
#pragma once

#include "common/base/error.h"
#include "highside/pipeline/registry_error.h"

namespace sluice::high {

// `code`: where the client's bytes are at fault.
http::Response push_failure(const Error& error, std::string_view code);

}  // namespace sluice::high
