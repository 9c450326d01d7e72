// `sluice-high token`: asks the running daemon, or opens the store of one that is stopped.
#pragma once

#include <filesystem>

#include "common/service/program.h"

namespace sluice::high {

service::Subcommand token_subcommand(
    std::filesystem::path (*control_token)(const config::Settings& settings));
// `sluice-high withdraw`, of the running daemon.
service::Subcommand withdraw_subcommand(
    std::filesystem::path (*control_token)(const config::Settings& settings));

}  // namespace sluice::high
