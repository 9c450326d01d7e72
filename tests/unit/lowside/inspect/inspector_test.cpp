#include "lowside/inspect/inspector.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "tests/support/events.h"
#include "tests/support/fake_fetcher.h"
#include "tests/support/fake_quarantine.h"
#include "tests/support/fake_verifier.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

// The shortest gzip member: an empty file.
constexpr std::string_view kGzip("\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0", 20);
constexpr std::string_view kDeb(
    "!<arch>\ndebian-binary   1700000000  0     0     100644  4         `\n2.0\n");
constexpr std::string_view kHtml("<!DOCTYPE html><html><body>Please log in</body></html>");

class InspectorTest : public testing::Test {
 protected:
  VerifiedFile verified(std::string_view content, const std::string& name = "a.tgz") {
    FetchRequest request;
    request.uri = "https://registry.test/a.tgz";
    request.name = name;
    return Verifier::verified(Fetcher::fetched(folder_ / name, content, request), {{"sri", "x"}});
  }

  test::TemporaryFolder folder_;
  test::FakeQuarantine quarantine_;
  test::RecordedEvents events_;
  observe::Counters counters_;
  Inspector inspector_{quarantine_, counters_, events_};
};

TEST_F(InspectorTest, TellsTheTypeFromContentNotName) {
  EXPECT_EQ(inspector_.inspect(verified(kGzip, "a.html"), {}).value().media_type(),
            "application/gzip");
  EXPECT_EQ(inspector_.inspect(verified(kDeb, "a.txt"), {}).value().media_type(),
            "application/vnd.debian.binary-package");
  EXPECT_EQ(inspector_.inspect(verified("", "a.gz"), {}).value().media_type(), "inode/x-empty");
  EXPECT_EQ(inspector_.inspect(verified(kHtml, "a.gz"), {}).value().media_type(), "text/html");
}

TEST_F(InspectorTest, PassesWhatIsExpected) {
  const auto inspected = inspector_.inspect(verified(kGzip), {"text/*", "application/gzip"});
  ASSERT_TRUE(inspected);
  EXPECT_EQ(inspected->verified().evidence().at(0).kind, "sri");
}

TEST_F(InspectorTest, QuarantinesAnErrorPageInPlaceOfAnArchive) {
  const Error error = inspector_.inspect(verified(kHtml), {"application/gzip"}).error();
  EXPECT_EQ(error.code, ErrorCode::kIntegrity);
  EXPECT_EQ(error.thing, "a.tgz");
  EXPECT_NE(error.cause.find("text/html"), std::string::npos);
  EXPECT_NE(error.cause.find("application/gzip"), std::string::npos);
  EXPECT_FALSE(error.cure.empty());
  ASSERT_EQ(quarantine_.taken.size(), 1U);
  EXPECT_EQ(quarantine_.taken[0].stage, "inspect");
  EXPECT_EQ(counters_.get(observe::Metric::kInspectMismatch), 1U);
  ASSERT_EQ(events_.named("inspect.refused").size(), 1U);
}

TEST_F(InspectorTest, AFileThatCannotBeReadIsAnErrorNotAType) {
  VerifiedFile gone = verified("x");
  std::filesystem::remove(gone.file().path().value());
  EXPECT_EQ(inspector_.inspect(std::move(gone), {}).error().code, ErrorCode::kIo);
  EXPECT_TRUE(quarantine_.taken.empty());
}

TEST_F(InspectorTest, AFileThatCannotBeOpenedForWantOfDescriptorsIsNotRefused) {
  ASSERT_TRUE(inspector_.inspect(verified(kGzip), {"application/gzip"}));  // libmagic is loaded
  VerifiedFile file = verified(kGzip);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto inspected = inspector_.inspect(std::move(file), {"application/gzip"});
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(inspected.error().code, ErrorCode::kExhausted);
  EXPECT_TRUE(quarantine_.taken.empty());
}

TEST_F(InspectorTest, ServesManyThreads) {
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int n = 0; n < 20; ++n) {
          const auto found =
              inspector_.inspect(verified(kGzip, std::to_string(i)), {"application/gzip"});
          good += found.has_value() ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(good, 80);
}

}  // namespace
}  // namespace sluice::low
