// For tests of the stages after verify; not to be linked together with lowside/verify.
#pragma once

#include "lowside/pipeline/files.h"

namespace sluice::low {

class Verifier {
 public:
  static VerifiedFile verified(FetchedFile file, std::vector<Evidence> evidence = {}) {
    return {PassKey<Verifier>(), std::move(file), std::move(evidence)};
  }
};

}  // namespace sluice::low
