// For tests of the stages after inspect; not to be linked together with lowside/inspect.
#pragma once

#include "lowside/pipeline/files.h"

namespace sluice::low {

class Inspector {
 public:
  static InspectedFile inspected(VerifiedFile file, std::string media_type) {
    return {PassKey<Inspector>(), std::move(file), std::move(media_type)};
  }
};

}  // namespace sluice::low
