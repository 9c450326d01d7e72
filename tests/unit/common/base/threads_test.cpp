#include "common/base/threads.h"

#include <gtest/gtest.h>

#include <stop_token>

#include "tests/support/no_threads.h"

namespace sluice {
namespace {

TEST(RunBeside, RunsOnAThreadOfItsOwn) {
  EXPECT_NE(run_beside([] { return std::this_thread::get_id(); }).get(),
            std::this_thread::get_id());
}

TEST(RunBeside, RunsWithTheCallerWhereNoThreadCanBeHad) {
  const test::NoThreads none;
  EXPECT_THROW(std::thread([] {}).join(), std::system_error);  // else this tests nothing
  EXPECT_EQ(run_beside([] { return std::this_thread::get_id(); }).get(),
            std::this_thread::get_id());
}

TEST(StartThread, TellsWhenItIsToStop) {
  std::promise<bool> stopped;
  std::jthread thread;
  ASSERT_TRUE(start_thread(thread, "export", [&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::yield();
    }
    stopped.set_value(true);
  }));
  thread.request_stop();
  EXPECT_TRUE(stopped.get_future().get());
}

TEST(StartThread, SaysWhatCouldNotBeBegun) {
  const test::NoThreads none;
  std::jthread thread;
  const auto started = start_thread(thread, "export", [](const std::stop_token&) {});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kExhausted);
  EXPECT_EQ(started.error().thing, "export");
  EXPECT_FALSE(started.error().cure.empty());
  EXPECT_FALSE(thread.joinable());
}

}  // namespace
}  // namespace sluice
