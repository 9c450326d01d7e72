// Which of the machine's processors a thread runs on.
#pragma once

#include <string>
#include <vector>

#include "common/base/error.h"

namespace sluice {

// Numbers of processors, in the order in which threads take them; empty: the system chooses.
using Processors = std::vector<unsigned>;

// kInvalid names a number that is none, or a processor that this process may not use.
Result<Processors> read_processors(const std::vector<std::string>& numbers);

// From now on the calling thread runs on the processor whose turn it is; threads beyond the last
// one begin with the first again. Does nothing where `processors` is empty.
void run_on(const Processors& processors, std::size_t turn);

}  // namespace sluice
