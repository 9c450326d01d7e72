// `sluice-low export`: has the running daemon write volumes, and follows it.
#pragma once

#include "common/service/program.h"

namespace sluice::low {

service::Subcommand export_subcommand();

}  // namespace sluice::low
