// `sluice-low request`: asks the running daemon and shows its answer.
#pragma once

#include "common/service/program.h"

namespace sluice::low {

service::Subcommand request_subcommand();

}  // namespace sluice::low
