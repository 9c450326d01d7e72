#include "common/base/processors.h"

#include <sched.h>

#include <charconv>

namespace sluice {
namespace {

bool may_use(unsigned processor) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  return processor < CPU_SETSIZE && sched_getaffinity(0, sizeof allowed, &allowed) == 0 &&
         CPU_ISSET(processor, &allowed);
}

}  // namespace

Result<Processors> read_processors(const std::vector<std::string>& numbers) {
  Processors processors;
  for (const std::string& text : numbers) {
    unsigned processor = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), processor);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || !may_use(processor)) {
      return Error{ErrorCode::kInvalid, "processor \"" + text + "\"",
                   "this program may not use one of that number",
                   "write numbers as `nproc` and `lscpu -e` have them, such as \"2\""};
    }
    processors.push_back(processor);
  }
  return processors;
}

void run_on(const Processors& processors, std::size_t turn) {
  if (processors.empty()) {
    return;
  }
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processors[turn % processors.size()], &one);
  // Fails only where the processor has been taken away since: then the system chooses.
  static_cast<void>(sched_setaffinity(0, sizeof one, &one));
}

}  // namespace sluice
