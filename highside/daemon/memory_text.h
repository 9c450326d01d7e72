// What the settings make this side hold in memory, for check-config.
#pragma once

#include <string>

#include "highside/daemon/options.h"

namespace sluice::high {

// Bytes between the cards and the stores, at the most. The index's caches and what serves clients
// come on top: docs/limits.md has them.
struct LinkMemory {
  std::size_t kernel_buffers;  // of the sockets; not this program's own
  std::size_t rings;           // taken at the start
  std::size_t blocks;          // being put together
  std::size_t replay_windows;
  std::size_t assembler_queue;
  std::size_t own() const { return rings + blocks + replay_windows + assembler_queue; }
};
LinkMemory link_memory(const Options& options);

std::string describe_memory(const Options& options);  // a line for each

}  // namespace sluice::high
