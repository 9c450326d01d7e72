// `sluice-high snapshot …` and `sluice-high gc`: they talk to the running daemon.
#pragma once

#include <filesystem>
#include <functional>

#include "common/config/settings.h"
#include "common/service/program.h"

namespace sluice::high {

// `token_file`: from the settings, of the daemon that takes commands.
service::Subcommand snapshot_subcommand(
    std::filesystem::path (*token_file)(const config::Settings& settings));
service::Subcommand gc_subcommand(
    std::filesystem::path (*token_file)(const config::Settings& settings));

}  // namespace sluice::high
