#include "lowside/admit/stored_audit_log.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/memory_store.h"

namespace sluice::low {
namespace {

class StoredAuditLogTest : public testing::Test {
 protected:
  Result<void> record(std::int64_t micros, const std::string& name) {
    return log_.record({.time = from_unix_micros(micros),
                        .action = "refused",
                        .rule = "max-file-size",
                        .name = name,
                        .origin = "https://registry.test/\"a\"",
                        .digest = "sha256:00",
                        .detail = "is large"});
  }
  std::vector<std::string> read(std::int64_t from = 0) {
    std::vector<std::string> entries;
    log_.for_each(from_unix_micros(from),
                  [&](const std::string& json) {
                    entries.push_back(json);
                    return true;
                  })
        .value();
    return entries;
  }

  test::FaultPlan plan_;
  test::MemoryStore store_{plan_};
  StoredAuditLog log_{store_};
};

TEST_F(StoredAuditLogTest, KeepsEntriesInOrderOfTime) {
  ASSERT_TRUE(record(2'000'000, "second"));
  ASSERT_TRUE(record(1'000'000, "first"));
  ASSERT_TRUE(record(2'000'000, "third"));
  const auto entries = read();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0],
            R"({"time":"1970-01-01T00:00:01.000000Z","action":"refused","rule":"max-file-size",)"
            R"("name":"first","origin":"https://registry.test/\"a\"","digest":"sha256:00",)"
            R"("detail":"is large"})");
  EXPECT_NE(entries[1].find("second"), std::string::npos);
  EXPECT_NE(entries[2].find("third"), std::string::npos);
  EXPECT_EQ(read(1'500'000).size(), 2U);
}

TEST_F(StoredAuditLogTest, ForgetsWhatIsTooOld) {
  for (int i = 0; i < 25'000; ++i) {
    ASSERT_TRUE(record(i, "x"));
  }
  EXPECT_EQ(log_.trim(from_unix_micros(24'000)).value(), 24'000U);
  EXPECT_EQ(read().size(), 1000U);
  EXPECT_EQ(log_.trim(from_unix_micros(24'000)).value(), 0U);
}

TEST_F(StoredAuditLogTest, AFaultOfTheDiskIsToldAndPassesByItself) {
  for (const int number : {ENOSPC, EIO}) {
    store_.clear();
    ASSERT_TRUE(record(1, "before"));
    plan_.fail_from(plan_.count(), number);
    EXPECT_EQ(record(2, "during").error().code,
              number == EIO ? ErrorCode::kIo : ErrorCode::kExhausted);
    EXPECT_FALSE(log_.trim(from_unix_micros(10)));
    EXPECT_EQ(read().size(), 1U);
    plan_.clear();
    ASSERT_TRUE(record(3, "after"));
    EXPECT_EQ(read().size(), 2U);
    EXPECT_EQ(log_.trim(from_unix_micros(2)).value(), 1U);
    plan_.fail_reads_from(0, number);
    EXPECT_FALSE(log_.trim(from_unix_micros(10)));
    plan_.clear();
  }
}

}  // namespace
}  // namespace sluice::low
