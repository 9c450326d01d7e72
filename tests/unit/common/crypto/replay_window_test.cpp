#include "common/crypto/replay_window.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sluice::crypto {
namespace {

using enum ReplayWindow::Verdict;

constexpr std::size_t kSize = 256;

struct Step {
  std::uint64_t counter;
  ReplayWindow::Verdict verdict;
};

void expect_steps(std::size_t size, const std::vector<Step>& steps) {
  ReplayWindow window(size);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(window.check_and_mark(steps[i].counter), steps[i].verdict)
        << "step " << i << ", counter " << steps[i].counter << ", window " << size;
  }
}

TEST(ReplayWindow, InOrderAndTwice) {
  expect_steps(64, {{1, kFresh}, {1, kSeen}, {2, kFresh}, {1, kSeen}, {2, kSeen}, {3, kFresh}});
}

TEST(ReplayWindow, CounterZeroIsNeverSent) {
  expect_steps(64, {{0, kTooOld}, {1, kFresh}, {0, kTooOld}});
}

TEST(ReplayWindow, EdgesOfTheWindow) {
  expect_steps(64, {{100, kFresh},
                    {37, kFresh},   // 63 back: the last that is remembered
                    {36, kTooOld},  // 64 back
                    {37, kSeen},
                    {101, kFresh},
                    {37, kTooOld},
                    {38, kFresh}});
}

TEST(ReplayWindow, SizeIsRoundedUp) {
  expect_steps(65, {{200, kFresh}, {73, kFresh}, {72, kTooOld}});
  expect_steps(0, {{200, kFresh}, {137, kFresh}, {136, kTooOld}});
}

TEST(ReplayWindow, AJumpForgetsEverything) {
  expect_steps(128, {{5, kFresh},
                     {1'000'000, kFresh},
                     {5, kTooOld},
                     {999'999, kFresh},
                     {1'000'000 - 127, kFresh},
                     {1'000'000 - 128, kTooOld}});
}

TEST(ReplayWindow, AJumpByWholeTurnsOfTheRingForgetsToo) {
  // The ring has three words: 64 × 3 further on stands in the same place.
  expect_steps(128, {{10, kFresh}, {10 + 64 * 3, kFresh}, {10 + 64 * 3, kSeen}});
  expect_steps(128, {{10, kFresh}, {10 + 64 * 3 * 5, kFresh}, {10 + 64 * 3 * 5 - 64, kFresh}});
}

TEST(ReplayWindow, EndOfTheCounter) {
  expect_steps(64, {{UINT64_MAX, kFresh},
                    {UINT64_MAX, kSeen},
                    {UINT64_MAX - 63, kFresh},
                    {UINT64_MAX - 64, kTooOld},
                    {1, kTooOld}});
}

TEST(ReplayWindow, TellsTheHighest) {
  ReplayWindow window(64);
  EXPECT_EQ(window.highest(), 0U);
  window.check_and_mark(7);
  window.check_and_mark(3);
  EXPECT_EQ(window.highest(), 7U);
}

TEST(ReplayWindow, AgreesWithASetOfAllCounters) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 50; ++round) {
    ReplayWindow window(kSize);
    std::set<std::uint64_t> seen;
    std::uint64_t highest = 0;
    for (int step = 0; step < 2000; ++step) {
      const std::uint64_t back = random() % (kSize + 20);
      const std::uint64_t ahead = random() % 50 == 0 ? random() % 1000 : random() % 4;
      const std::uint64_t counter = highest + ahead > back ? highest + ahead - back : 0;
      ReplayWindow::Verdict expected = kFresh;
      if (counter == 0 || counter + kSize <= highest) {
        expected = kTooOld;
      } else if (!seen.insert(counter).second) {
        expected = kSeen;
      }
      ASSERT_EQ(window.check_and_mark(counter), expected) << counter << " of " << highest;
      highest = std::max(highest, expected == kFresh ? counter : 0);
    }
  }
}

}  // namespace
}  // namespace sluice::crypto
