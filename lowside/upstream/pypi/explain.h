// Why a want has no closure, in words that say what to do.
#pragma once

#include <string>

#include "common/base/error.h"
#include "lowside/upstream/pypi/resolver.h"
#include "lowside/upstream/pypi/simple_page.h"

namespace sluice::low {

// `want` for messages. `page`: what the index says of the project that pip found nothing of; an
// Error where it gave no page. kUnavailable only where the index did not answer.
Error explain(const std::string& want, const PipFailure& failure, const PypiTarget& target,
              const Result<SimplePage>& page);

}  // namespace sluice::low
