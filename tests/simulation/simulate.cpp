// Runs seeds of the simulation: simulate [--first S] [--seeds N] [--verbose]. Stops at the first
// that fails, with its number, the invariant, the end of its trace and how to run it alone.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include "tests/simulation/world.h"

namespace sluice::sim {
namespace {

// A seed takes a fraction of a second; what waits, waits for ever.
constexpr unsigned kPatienceSeconds = 60;
constexpr std::uint64_t kToldEvery = 1000;

struct Running {
  std::uint64_t seed = 0;
  const Trace* trace = nullptr;
};
Running running;

void tell(const char* what) {
  std::fflush(stdout);
  if (running.trace != nullptr) {
    running.trace->print_last();
  }
  std::fprintf(stderr,
               "\nseed %llu failed: %s\nrun it alone: tests/simulate.sh --first %llu --verbose\n",
               static_cast<unsigned long long>(running.seed), what,
               static_cast<unsigned long long>(running.seed));
}

// An assertion of the product, or a wait that nobody ends: told as far as that is still possible.
void end_by_signal(int number) {
  tell(number == SIGALRM ? "it waits for ever" : "it aborted");
  _exit(1);
}

// The hash of its trace; none if it failed.
std::optional<std::uint64_t> run(std::uint64_t seed, bool verbose) {
  Trace trace(verbose);
  running = {seed, &trace};
  alarm(kPatienceSeconds);
  std::optional<std::uint64_t> hash;
  try {
    World world(seed, trace);
    world.run();
    hash = trace.hash();
  } catch (const std::exception& failure) {
    tell(failure.what());
  }
  running.trace = nullptr;
  return hash;
}

bool runs_the_same_twice(std::uint64_t seed) {
  const auto hash = run(seed, false);
  if (hash && run(seed, false) != hash) {
    std::fprintf(stderr, "seed %llu: a second run of it was different\n",
                 static_cast<unsigned long long>(seed));
    return false;
  }
  return hash.has_value();
}

int main(int count, char** arguments) {
  std::uint64_t first = 1;
  std::uint64_t seeds = 1;
  bool verbose = false;
  bool twice = false;
  for (int i = 1; i < count; ++i) {
    const std::string option = arguments[i];
    if (option == "--verbose") {
      verbose = true;
    } else if (option == "--twice") {
      twice = true;
    } else if (i + 1 < count && (option == "--first" || option == "--seeds")) {
      (option == "--first" ? first : seeds) = std::stoull(arguments[++i]);
    } else {
      std::fprintf(stderr, "simulate [--first S] [--seeds N] [--twice] [--verbose]\n");
      return 2;
    }
  }
  std::signal(SIGABRT, end_by_signal);
  std::signal(SIGALRM, end_by_signal);
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    if (twice ? !runs_the_same_twice(seed) : !run(seed, verbose)) {
      return 1;
    }
    if ((seed - first + 1) % kToldEvery == 0 && seed + 1 < first + seeds) {
      std::printf("%llu seeds hold\n", static_cast<unsigned long long>(seed - first + 1));
      std::fflush(stdout);
    }
  }
  std::printf("seeds %llu to %llu hold\n", static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(first + seeds - 1));
  return 0;
}

}  // namespace
}  // namespace sluice::sim

int main(int count, char** arguments) { return sluice::sim::main(count, arguments); }
