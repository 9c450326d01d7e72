#include "common/observe/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <semaphore>
#include <sstream>
#include <thread>

namespace sluice::observe {
namespace {

using std::chrono::milliseconds;

class FixedClock final : public Clock {
 public:
  UtcTime utc_now() const override { return from_unix_micros(1'000'000'000'123'456); }
  SteadyTime steady_now() const override { return {}; }
};

class EventLogTest : public testing::Test {
 protected:
  FixedClock clock_;
  Counters counters_;
};

TEST_F(EventLogTest, KeepsOrderAndIds) {
  EventLog log(clock_, nullptr);
  Subscription all(log, 0);
  log.emit(Level::kInfo, "a.b", {{"k", "v"}});
  log.emit(Level::kError, "c.d", {});
  const auto first = all.next(milliseconds(0));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->id, 1U);
  EXPECT_EQ(to_logfmt(*first), "a.b k=v");
  EXPECT_EQ(first->time, clock_.utc_now());
  EXPECT_EQ(all.next(milliseconds(0))->name, "c.d");
  EXPECT_FALSE(all.next(milliseconds(0)));
  Subscription later(log, 1);
  EXPECT_EQ(later.next(milliseconds(0))->id, 2U);
}

TEST_F(EventLogTest, MarksWhatASlowReaderLost) {
  EventLog log(clock_, nullptr, 3);
  Subscription slow(log, 0);
  log.emit(Level::kInfo, "e.1", {});
  EXPECT_EQ(slow.next(milliseconds(0))->id, 1U);
  for (int i = 2; i <= 8; ++i) {
    log.emit(Level::kInfo, "e.n", {});
  }
  const auto marker = slow.next(milliseconds(0));  // 2 … 5 have gone, 6 … 8 are held
  ASSERT_TRUE(marker);
  EXPECT_EQ(to_logfmt(*marker), "events.lost count=4");
  EXPECT_EQ(marker->id, 5U);
  EXPECT_EQ(slow.next(milliseconds(0))->id, 6U);
  EXPECT_EQ(slow.next(milliseconds(0))->id, 7U);
  Subscription fresh(log, 0);
  EXPECT_EQ(fresh.next(milliseconds(0))->id, 6U);
}

TEST_F(EventLogTest, WakesWhoWaits) {
  EventLog log(clock_, nullptr);
  Subscription subscription(log, 0);
  std::jthread emitter([&log] { log.emit(Level::kInfo, "a.b", {}); });
  EXPECT_TRUE(subscription.next(std::chrono::hours(1)));
  std::jthread closer([&log] { log.close(); });
  EXPECT_FALSE(subscription.next(std::chrono::hours(1)));
  EXPECT_TRUE(subscription.closed());
}

TEST_F(EventLogTest, CutsLongValues) {
  EventLog log(clock_, nullptr);
  log.emit(Level::kInfo, "a.b", {{"k", std::string(1'000'000, 'x')}});
  EXPECT_LE(Subscription(log, 0).next(milliseconds(0))->fields[0].second.size(),
            kMaxFieldBytes + 3);
}

TEST_F(EventLogTest, TakesEventsFromManyThreads) {
  EventLog log(clock_, nullptr, 10'000);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log] {
        for (int i = 0; i < 1000; ++i) {
          log.emit(Level::kInfo, "a.b", {{"i", std::to_string(i)}});
        }
      });
    }
  }
  Subscription all(log, 0);
  for (std::uint64_t id = 1; id <= 4000; ++id) {
    ASSERT_EQ(all.next(milliseconds(0))->id, id);
  }
}

TEST_F(EventLogTest, WritesLines) {
  std::ostringstream out;
  {
    EventLog log(clock_, std::make_unique<LogWriter>(
                             LogWriter::Options{},
                             std::make_shared<spdlog::sinks::ostream_sink_mt>(out), counters_));
    log.emit(Level::kNotice, "a.b", {{"k", "{} %v \n"}});
    log.emit(Level::kDebug, "too.small", {});
  }
  EXPECT_EQ(out.str(), "2001-09-09T01:46:40.123456Z notice a.b k=\"{} %v \\n\"\n");
}

TEST_F(EventLogTest, GivesTheJournalItsLevels) {
  std::ostringstream out;
  {
    EventLog log(clock_, std::make_unique<LogWriter>(
                             LogWriter::Options{.least = Level::kDebug, .journal = true},
                             std::make_shared<spdlog::sinks::ostream_sink_mt>(out), counters_));
    for (const Level level :
         {Level::kDebug, Level::kInfo, Level::kNotice, Level::kWarning, Level::kError}) {
      log.emit(level, "a.b", {});
    }
  }
  EXPECT_EQ(out.str(), "<7>a.b\n<6>a.b\n<5>a.b\n<4>a.b\n<3>a.b\n");
}

// As if standard error were a pipe that nobody reads.
class StuckSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::binary_semaphore stuck{0};
  std::binary_semaphore go_on{0};

 private:
  void sink_it_(const spdlog::details::log_msg&) override {
    if (first_) {
      first_ = false;
      stuck.release();
      go_on.acquire();
    }
  }
  void flush_() override {}
  bool first_ = true;
};

TEST_F(EventLogTest, CountsLinesThatAStuckLogLoses) {
  const auto sink = std::make_shared<StuckSink>();
  EventLog log(clock_, std::make_unique<LogWriter>(LogWriter::Options{}, sink, counters_));
  log.emit(Level::kInfo, "a.b", {});
  sink->stuck.acquire();
  for (std::size_t i = 0; i < kLogQueueLines + 5; ++i) {
    log.emit(Level::kInfo, "a.b", {});  // comes back although nothing is written
  }
  EXPECT_EQ(counters_.get(Metric::kLogLinesLost), 5U);
  sink->go_on.release();
}

TEST(Journal, IsWhatStandardErrorIs) {
  struct stat info{};
  ASSERT_EQ(::fstat(STDERR_FILENO, &info), 0);
  const std::string stream = std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(standard_error_is_journal());
  ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
  EXPECT_TRUE(standard_error_is_journal());
  ::setenv("JOURNAL_STREAM", (stream + "0").c_str(), 1);
  EXPECT_FALSE(standard_error_is_journal());
  ::unsetenv("JOURNAL_STREAM");
}

}  // namespace
}  // namespace sluice::observe
