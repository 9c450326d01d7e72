// What both programs tell the shell. Documented in their manual pages.
#pragma once

namespace sluice::service {

enum ExitCode : int {
  kExitOk = 0,             // done; for `run`: stopped on request
  kExitFailure = 1,        // it was tried and failed; the message says why
  kExitUsage = 2,          // no such subcommand or option
  kExitConfiguration = 3,  // the configuration or a key cannot be used; restarting does not help
  kExitUnreachable = 4,    // `status`, `tail`: the daemon does not answer on its status address
  kExitStorage = 5,  // the disk failed, or is too full to start: look at it; restarting is safe
  kExitIncomplete =
      6,  // done, but not all that was asked for can be had: the answer names the rest
};

}  // namespace sluice::service
