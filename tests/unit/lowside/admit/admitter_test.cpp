#include "lowside/admit/admitter.h"

#include <gtest/gtest.h>

#include "tests/support/events.h"
#include "tests/support/fake_fetcher.h"
#include "tests/support/fake_inspector.h"
#include "tests/support/fake_quarantine.h"
#include "tests/support/fake_verifier.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

class RecordedAudit final : public AuditLog {
 public:
  std::vector<AuditEntry> entries;
  bool fails = false;
  Result<void> record(const AuditEntry& entry) override {
    if (fails) {
      return Error{ErrorCode::kExhausted, "audit", "the disk is full", ""};
    }
    entries.push_back(entry);
    return {};
  }
};

class AdmitterTest : public testing::Test {
 protected:
  InspectedFile inspected(const std::string& name, std::string_view content) {
    FetchRequest request;
    request.uri = "https://me:secret@registry.test/" + name;
    request.name = name;
    return Inspector::inspected(
        Verifier::verified(Fetcher::fetched(folder_ / "a", content, request)), "text/plain");
  }

  test::TemporaryFolder folder_;
  test::FakeQuarantine quarantine_;
  RecordedAudit audit_;
  SystemClock clock_;
  test::RecordedEvents events_;
  observe::Counters counters_;
  Admitter admitter_{Policy{.max_file_size = 5, .allowed_media_types = {}, .denied_names = {}},
                     quarantine_,
                     audit_,
                     clock_,
                     counters_,
                     events_};
};

TEST_F(AdmitterTest, AdmitsAndRecordsIt) {
  const auto admitted = admitter_.admit(inspected("a.txt", "12345"));
  ASSERT_TRUE(admitted);
  EXPECT_EQ(admitted->fetched().request().name, "a.txt");
  ASSERT_EQ(audit_.entries.size(), 1U);
  EXPECT_EQ(audit_.entries[0].action, "admitted");
  EXPECT_EQ(audit_.entries[0].rule, "default");
  EXPECT_EQ(audit_.entries[0].origin, "https://registry.test/a.txt");
  EXPECT_EQ(audit_.entries[0].digest, Digest(sha256(as_bytes("12345"))).to_string());
}

TEST_F(AdmitterTest, RefusesWithTheRulesName) {
  const Error error = admitter_.admit(inspected("a.txt", "123456")).error();
  EXPECT_EQ(error.code, ErrorCode::kRefused);
  EXPECT_NE(error.cause.find("max-file-size"), std::string::npos);
  EXPECT_FALSE(error.cure.empty());
  ASSERT_EQ(audit_.entries.size(), 1U);
  EXPECT_EQ(audit_.entries[0].action, "refused");
  EXPECT_EQ(audit_.entries[0].rule, "max-file-size");
  EXPECT_EQ(counters_.get(observe::Metric::kAdmitRefused), 1U);
  const auto events = events_.named("admit.refused");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(test::field(events[0], "rule"), "max-file-size");
  ASSERT_EQ(quarantine_.taken.size(), 1U);
  EXPECT_EQ(quarantine_.taken[0].stage, "admit");
}

TEST_F(AdmitterTest, FollowsANewPolicy) {
  admitter_.set_policy({.max_file_size = 0, .allowed_media_types = {}, .denied_names = {"*.txt"}});
  EXPECT_FALSE(admitter_.admit(inspected("a.txt", "1")));
  EXPECT_TRUE(admitter_.admit(inspected("a.bin", "123456")));
}

TEST_F(AdmitterTest, LetsNothingCrossThatItCannotRecord) {
  audit_.fails = true;
  EXPECT_EQ(admitter_.admit(inspected("a.txt", "1")).error().code, ErrorCode::kExhausted);
  EXPECT_TRUE(quarantine_.taken.empty());
}

}  // namespace
}  // namespace sluice::low
