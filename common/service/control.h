// Commands to a running daemon, over its status address. Whoever can read the token's file in the
// daemon's state folder may give them: its user and root.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/http/router.h"

namespace sluice::service {

// Does what the command asks; its answer, or an Error, goes to the caller. Called on the server's
// threads.
using Command = std::function<Result<std::string>(std::string_view argument)>;

// The daemon's side. Makes a fresh token, mode 0600, in `token_file`, and answers POST
// /control/<name> for each of `commands` to those who bring it. Once in a run.
Result<void> mount_control(http::Router& router, const std::filesystem::path& token_file,
                           const std::map<std::string, Command>& commands);

// The subcommand's side. kNotFound, kIo: the token. kUnavailable: the daemon does not answer.
// kRefused: what the daemon said.
Result<std::string> call_control(const std::string& address,
                                 const std::filesystem::path& token_file, const std::string& name,
                                 const std::string& argument);

}  // namespace sluice::service
