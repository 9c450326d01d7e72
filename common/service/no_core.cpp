#include "common/service/no_core.h"

#include <sys/prctl.h>

#include "common/base/error.h"

namespace sluice::service {

void forbid_core_files() { SLUICE_ASSERT(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0); }

}  // namespace sluice::service
