// `sluice-high import`: has the running daemon take volumes, and follows it.
#pragma once

#include <filesystem>
#include <functional>

#include "common/service/program.h"

namespace sluice::high {

// `token_file`: of the daemon of these settings.
service::Subcommand import_subcommand(
    const std::function<std::filesystem::path(const config::Settings&)>& token_file);

}  // namespace sluice::high
