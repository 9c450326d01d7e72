#include "lowside/daemon/intake.h"

#include <gtest/gtest.h>

#include "common/base/hasher.h"
#include "lowside/fetch/fetcher.h"
#include "lowside/verify/quarantine_folder.h"
#include "tests/support/events.h"
#include "tests/support/http_server.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

class RecordedAudit final : public AuditLog {
 public:
  std::vector<AuditEntry> entries;
  Result<void> record(const AuditEntry& entry) override {
    entries.push_back(entry);
    return {};
  }
};

// Keeps bytes in memory; can be full.
class MemoryKeeper final : public BlobKeeper {
 public:
  std::map<std::string, std::string> bytes;  // by name
  std::vector<Evidence> evidence;            // of the last
  std::string media_type;                    // of the last
  bool full = false;

  Result<proto::Blob> take(const AdmittedFile& file) override {
    if (full) {
      return Error{ErrorCode::kExhausted, "spool", "the disk is full", ""};
    }
    const FetchedFile& fetched = file.fetched();
    const Bytes content = read_file(posix_file_system(), fetched.path().value(), 1 << 20).value();
    std::filesystem::remove(fetched.path().value());
    media_type = file.inspected().media_type();
    return take_made(fetched.request().name, as_text(content), {},
                     file.inspected().verified().evidence());
  }
  Result<proto::Blob> take_made(const std::string& name, std::string_view content,
                                const std::vector<DigestAlgorithm>&,
                                const std::vector<Evidence>& given) override {
    bytes[name] = content;
    evidence = given;
    proto::Blob blob;
    blob.set_name(name);
    blob.set_size(content.size());
    return blob;
  }
  Result<std::optional<proto::Blob>> held(const Digest& digest) override {
    asked = digest;
    return std::optional<proto::Blob>();
  }
  std::optional<Digest> asked;
};

// The real stages on a real answer; only the spool is a fake.
class IntakeTest : public testing::Test {
 protected:
  IntakeTest() {
    quarantine_.open().value();
    settings_.folder = folder_ / "fetch";
    fetcher_ = Fetcher::open(settings_, files_, clock_, counters_, events_).value();
  }

  FetchedFile fetched(const std::string& body) {
    server_.answer("/a.txt", {{.body = body}});
    std::optional<FetchedFile> file;
    fetcher_->files(
        {{.uri = server_.uri("/a.txt"), .name = "a.txt", .digests = {DigestAlgorithm::kSha512}}},
        {}, [&](std::size_t, Result<FetchedFile> one) { file = std::move(one).value(); });
    return std::move(*file);
  }
  Expectation expects(std::string_view body) const {
    return {.digests = {hash(DigestAlgorithm::kSha512, as_bytes(body))}};
  }

  test::TemporaryFolder folder_;
  test::HttpServer server_;
  test::RecordedEvents events_;
  observe::Counters counters_;
  SystemClock clock_;
  FileSystem& files_ = posix_file_system();
  RecordedAudit audit_;
  MemoryKeeper keeper_;
  QuarantineFolder quarantine_{{.folder = folder_ / "quarantine"}, files_, clock_, counters_};
  FetchSettings settings_;
  std::unique_ptr<Fetcher> fetcher_;
  Verifier verifier_{quarantine_, files_, counters_, events_};
  Inspector inspector_{quarantine_, counters_, events_};
  Admitter admitter_{Policy{.max_file_size = 100, .allowed_media_types = {}, .denied_names = {}},
                     quarantine_,
                     audit_,
                     clock_,
                     counters_,
                     events_};
  StagedIntake intake_{verifier_, inspector_, admitter_, keeper_, files_};
};

TEST_F(IntakeTest, LetsAGoodFileThroughAllStages) {
  FetchedFile file = fetched("hello\n");
  const StagingPath path = file.path();
  Expectation expectation = expects("hello\n");
  expectation.media_types = {"text/plain"};
  expectation.evidence = {{"sri", "sha512"}};
  const proto::Blob blob = intake_.take(std::move(file), expectation).value();
  EXPECT_EQ(blob.name(), "a.txt");
  EXPECT_EQ(blob.size(), 6U);
  EXPECT_EQ(keeper_.bytes.at("a.txt"), "hello\n");
  EXPECT_EQ(keeper_.media_type, "text/plain");
  ASSERT_EQ(keeper_.evidence.size(), 2U);
  EXPECT_EQ(keeper_.evidence[0].kind, "sri");
  EXPECT_EQ(keeper_.evidence[1].detail, expectation.digests[0].to_string());
  EXPECT_FALSE(std::filesystem::exists(path.value()));
  EXPECT_EQ(audit_.entries.size(), 1U);
  EXPECT_FALSE(intake_.held(expectation.digests[0]).value());
  EXPECT_EQ(keeper_.asked, expectation.digests[0]);
}

TEST_F(IntakeTest, EachStageStopsWhatItRefuses) {
  EXPECT_EQ(intake_.take(fetched("hello\n"), expects("other")).error().code, ErrorCode::kIntegrity);
  Expectation gzip = expects("hello\n");
  gzip.media_types = {"application/gzip"};
  EXPECT_EQ(intake_.take(fetched("hello\n"), gzip).error().code, ErrorCode::kIntegrity);
  const std::string large(101, 'x');
  EXPECT_EQ(intake_.take(fetched(large), expects(large)).error().code, ErrorCode::kRefused);
  EXPECT_EQ(counters_.get(observe::Metric::kQuarantinedFiles), 3U);
  EXPECT_EQ(events_.named("verify.refused").size(), 1U);
  EXPECT_EQ(events_.named("inspect.refused").size(), 1U);
  EXPECT_EQ(events_.named("admit.refused").size(), 1U);
  EXPECT_TRUE(keeper_.bytes.empty());
  EXPECT_TRUE(std::filesystem::is_empty(settings_.folder));
}

TEST_F(IntakeTest, LeavesNothingBehindWhenTheSpoolIsFull) {
  keeper_.full = true;
  EXPECT_EQ(intake_.take(fetched("hello\n"), expects("hello\n")).error().code,
            ErrorCode::kExhausted);
  EXPECT_TRUE(std::filesystem::is_empty(settings_.folder));
  EXPECT_EQ(counters_.get(observe::Metric::kQuarantinedFiles), 0U);
}

TEST_F(IntakeTest, TakesWhatWasMadeHereOnlyWithEvidence) {
  EXPECT_EQ(intake_.take_made("Packages", "text", {}, {}).error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(keeper_.bytes.empty());
  EXPECT_TRUE(intake_.take_made("Packages", "text", {}, {{"packages-index", "x"}}));
  EXPECT_EQ(keeper_.bytes.at("Packages"), "text");
}

}  // namespace
}  // namespace sluice::low
