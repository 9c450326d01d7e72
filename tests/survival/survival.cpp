// What settings survive, tried with the real stages: a table in Markdown.
//
//   survival [--short] [--seeds N]
//
// Exit status 1 if a promise is broken, or something is short that is not named.
#include <cstdio>
#include <cstring>
#include <string>

#include "tests/simulation/random.h"
#include "tests/survival/cases.h"

namespace sluice::survival {
namespace {

int run_all(bool brief, std::uint64_t seeds) {
  int broken = 0;
  std::string last;
  for (const Case& tried : brief ? short_cases() : all_cases()) {
    Outcome sum;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      sim::seed_sodium(seed);
      const Outcome outcome = run(tried, seed);
      if (!outcome.broken.empty()) {
        ++broken;
        std::fprintf(stderr, "%s: %s, seed %llu: %s\n", tried.link.text().c_str(),
                     tried.trouble.c_str(), static_cast<unsigned long long>(seed),
                     outcome.broken.c_str());
      }
      sum.shipments += outcome.shipments;
      sum.datagrams += outcome.datagrams;
      sum.datagrams_lost += outcome.datagrams_lost;
      sum.blocks += outcome.blocks;
      sum.blocks_lost += outcome.blocks_lost;
      sum.whole_at_once += outcome.whole_at_once;
    }
    if (tried.link.text() != last) {
      last = tried.link.text();
      std::printf(
          "\n%s:\n\n| trouble | promised | datagrams lost | blocks lost | shipments whole "
          "at once |\n|---|---|---|---|---|\n",
          last.c_str());
    }
    std::printf("| %s | %s | %.2g %% | %llu of %llu | %llu of %llu |\n", tried.trouble.c_str(),
                tried.promised ? "yes" : "no",
                100 * static_cast<double>(sum.datagrams_lost) / static_cast<double>(sum.datagrams),
                static_cast<unsigned long long>(sum.blocks_lost),
                static_cast<unsigned long long>(sum.blocks),
                static_cast<unsigned long long>(sum.whole_at_once),
                static_cast<unsigned long long>(sum.shipments));
    std::fflush(stdout);
  }
  return broken == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sluice::survival

int main(int argc, char** argv) {
  bool brief = false;
  std::uint64_t seeds = 4;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--short") == 0) {
      brief = true;
    } else if (std::strcmp(argv[i], "--seeds") == 0 && i + 1 < argc) {
      seeds = std::stoull(argv[++i]);
    } else {
      std::fputs("usage: survival [--short] [--seeds N]\n", stderr);
      return 2;
    }
  }
  return sluice::survival::run_all(brief, seeds);
}
