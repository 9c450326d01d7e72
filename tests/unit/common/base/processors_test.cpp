#include "common/base/processors.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace sluice {
namespace {

Processors allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  Processors found;
  for (unsigned processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (CPU_ISSET(processor, &set)) {
      found.push_back(processor);
    }
  }
  return found;
}

TEST(ProcessorsTest, ReadsThoseThatMayBeUsed) {
  std::vector<std::string> texts;
  for (const unsigned processor : allowed()) {
    texts.push_back(std::to_string(processor));
  }
  EXPECT_EQ(read_processors(texts).value(), allowed());
  EXPECT_TRUE(read_processors({}).value().empty());
}

TEST(ProcessorsTest, NamesWhatIsNoneOrMayNotBeUsed) {
  for (const char* text : {"", "x", "1x", "-1", "99999", "4294967296"}) {
    const auto read = read_processors({text});
    ASSERT_TRUE(read.has_error()) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalid);
    EXPECT_NE(read.error().message().find(text), std::string::npos);
    EXPECT_FALSE(read.error().cure.empty());
  }
}

TEST(ProcessorsTest, ThreadsTakeTurns) {
  const Processors all = allowed();
  for (std::size_t turn = 0; turn < 2 * all.size(); ++turn) {
    std::thread([&] {
      run_on(all, turn);
      EXPECT_EQ(allowed(), Processors{all[turn % all.size()]});
    }).join();
  }
}

TEST(ProcessorsTest, NoneLeavesTheChoiceToTheSystem) {
  const Processors before = allowed();
  run_on({}, 3);
  EXPECT_EQ(allowed(), before);
}

}  // namespace
}  // namespace sluice
