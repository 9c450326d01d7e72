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

// Keeps blobs in memory; can be full.
class MemoryKeeper final : public BlobKeeper {
 public:
  std::map<std::string, std::pair<std::string, proto::Blob>> blobs;  // by SHA-256
  bool full = false;

  Result<void> take(const AdmittedFile& file, const proto::Blob& blob) override {
    if (full) {
      return Error{ErrorCode::kExhausted, "spool", "the disk is full", ""};
    }
    const auto& path = file.fetched().path().value();
    const Bytes bytes = read_file(posix_file_system(), path, 1 << 20).value();
    std::filesystem::remove(path);
    blobs[blob.sha256()] = {std::string(as_text(bytes)), blob};
    return {};
  }
  Result<void> take_made(Bytes bytes, const proto::Blob& blob) override {
    blobs[blob.sha256()] = {std::string(as_text(bytes)), blob};
    return {};
  }
  Result<std::optional<proto::Blob>> held(const Digest& digest) override {
    const auto found = blobs.find(std::string(as_text(digest.bytes())));
    return found == blobs.end() ? std::nullopt : std::optional(found->second.second);
  }
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
  const Digest sha512 = hash(DigestAlgorithm::kSha512, as_bytes("hello\n"));
  EXPECT_EQ(blob.sha256(), as_text(sha256(as_bytes("hello\n")).bytes()));
  EXPECT_EQ(blob.size(), 6U);
  EXPECT_EQ(blob.name(), "a.txt");
  EXPECT_EQ(blob.origin(), server_.uri("/a.txt"));
  ASSERT_EQ(blob.aliases_size(), 1);
  EXPECT_EQ(blob.aliases(0).algorithm(), proto::SHA512);
  EXPECT_EQ(blob.aliases(0).digest(), as_text(sha512.bytes()));
  ASSERT_EQ(blob.evidence_size(), 3);
  EXPECT_EQ(blob.evidence(0).kind(), "sri");
  EXPECT_EQ(blob.evidence(1).detail(), sha512.to_string());
  EXPECT_EQ(blob.evidence(2).kind(), "media-type");
  EXPECT_EQ(blob.evidence(2).detail(), "text/plain");
  EXPECT_EQ(keeper_.blobs.at(blob.sha256()).first, "hello\n");
  EXPECT_FALSE(std::filesystem::exists(path.value()));
  EXPECT_EQ(audit_.entries.size(), 1U);
  EXPECT_TRUE(intake_.held(Digest(sha256(as_bytes("hello\n")))).value());
  EXPECT_FALSE(intake_.held(sha512).value());
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
  EXPECT_TRUE(keeper_.blobs.empty());
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
  const proto::Blob blob =
      intake_.take_made("Packages", "text", {DigestAlgorithm::kMd5}, {{"packages-index", "x"}})
          .value();
  EXPECT_EQ(blob.size(), 4U);
  EXPECT_EQ(blob.aliases(0).algorithm(), proto::MD5);
  EXPECT_EQ(keeper_.blobs.at(blob.sha256()).first, "text");
}

}  // namespace
}  // namespace sluice::low
