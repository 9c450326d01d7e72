#include "highside/daemon/memory_text.h"

#include "common/base/text.h"

namespace sluice::high {
namespace {

constexpr std::size_t kNameWidth = 30;
constexpr std::size_t kSessions = 2;  // the current one and the one before it

std::string line(std::string name, std::size_t bytes) {
  name.resize(kNameWidth, ' ');
  return "  " + name + human_size(bytes) + "\n";
}

}  // namespace

LinkMemory link_memory(const Options& options) {
  const std::size_t streams = options.streams.size();
  const std::size_t lanes = options.sources.size();
  return {.kernel_buffers = lanes * options.sources.front().receive_buffer_bytes,
          .rings = lanes * options.receive.ring_bytes,
          .blocks = streams * lanes * options.receive.lane_memory,
          .replay_windows = streams * kSessions * lanes * options.receive.replay_window / 8,
          .assembler_queue = AssemblerSettings().queue_bytes};
}

std::string describe_memory(const Options& options) {
  const LinkMemory memory = link_memory(options);
  return line("kernel's receive buffers", memory.kernel_buffers) + line("rings", memory.rings) +
         line("blocks, put together", memory.blocks) +
         line("replay windows", memory.replay_windows) +
         line("queue to assembly", memory.assembler_queue) +
         line("the daemon's, in all", memory.own());
}

}  // namespace sluice::high
