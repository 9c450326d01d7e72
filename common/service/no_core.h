// Keeps what the process holds in memory out of core files.
#pragma once

namespace sluice::service {

// From now on this process leaves no core file, and only root can look into it. For programs that
// hold what others gave them to prove who they are: it passes through buffers of many libraries.
void forbid_core_files();

}  // namespace sluice::service
