// What was dropped comes back through all stages from a server on loopback.
#include "lowside/daemon/refetcher.h"

#include <gtest/gtest.h>

#include "common/base/hasher.h"
#include "common/store/disk_blob_store.h"
#include "lowside/admit/admitter.h"
#include "lowside/daemon/intake.h"
#include "lowside/fetch/fetcher.h"
#include "lowside/inspect/inspector.h"
#include "lowside/verify/quarantine_folder.h"
#include "lowside/verify/verifier.h"
#include "tests/support/events.h"
#include "tests/support/http_server.h"
#include "tests/support/memory_store.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

class NoAudit final : public AuditLog {
 public:
  Result<void> record(const AuditEntry& /*entry*/) override { return {}; }
};

class RefetcherTest : public testing::Test {
 protected:
  RefetcherTest() {
    quarantine_.open().value();
    settings_.stream = "lab-low";
    settings_.folder = folder_ / "spool";
    settings_.passes = {std::chrono::seconds(0)};
    fetch_.folder = folder_ / "fetch";
    fetch_.attempts = 1;
    blobs_ = store::DiskBlobStore::open(index_, files_, settings_.folder).value();
    spool_ = Spool::open(settings_, {index_, *blobs_, files_, key_, clock_, counters_}).value();
    intake_ = std::make_unique<StagedIntake>(verifier_, inspector_, admitter_, *spool_, files_);
    fetcher_ = Fetcher::open(fetch_, files_, clock_, counters_, events_).value();
    refetcher_ = std::make_unique<Refetcher>(RefetchParts{
        "lab-low", *spool_, *fetcher_, *intake_, counters_, events_, [this] { ++ready_; }});
  }

  // Fetches a file and ships it.
  void ship(const std::string& name, const std::string& body) {
    server_.answer("/" + name, {{.body = body}});
    fetcher_->files(
        {{.uri = server_.uri("/" + name), .name = name}}, {},
        [&](std::size_t, Result<FetchedFile> file) {
          ASSERT_TRUE(intake_->take(std::move(file).value(),
                                    {.digests = {hash(DigestAlgorithm::kSha256, as_bytes(body))}}));
        });
    Proposal proposal;
    proposal.cursor = name;
    proto::Record& record = proposal.records.emplace_back();
    record.set_ecosystem("file");
    record.set_document("drop/" + name);
    record.add_blobs(std::string(as_text(sha256(as_bytes(body)).bytes())));
    ASSERT_TRUE(spool_->append("files", proposal));
    send();
  }
  std::optional<OutgoingPass> due() {
    for (const Urgency urgency : kUrgencies) {
      if (auto pass = spool_->next_due(clock_.utc_now(), urgency, {}).value()) {
        return pass;
      }
    }
    return std::nullopt;
  }
  OutgoingPass send() {
    OutgoingPass pass = due().value();
    spool_->mark_sent(pass.sequence, pass.pass, pass.urgency, clock_.utc_now()).value();
    return pass;
  }
  // Scrub found it damaged and took it out.
  void lose(const std::string& body) {
    ASSERT_TRUE(spool_->lose({{sha256(as_bytes(body)), body.size(), "a bit is wrong"}}));
  }
  void ask(std::uint64_t sequence) {
    ASSERT_TRUE(spool_->resend({{ShipmentSequence(sequence), ShipmentSequence(sequence)}}));
    ASSERT_FALSE(due());
  }
  std::string failure() const {
    const auto failed = events_.named("refetch.failed");
    return failed.empty() ? "" : test::field(failed.back(), "cause");
  }

  const test::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  FileSystem& files_ = posix_file_system();
  test::MemoryStore index_;
  crypto::SigningKey key_ = crypto::SigningKey::generate();
  SystemClock clock_;
  observe::Counters counters_;
  test::RecordedEvents events_;
  NoAudit audit_;
  QuarantineFolder quarantine_{{.folder = folder_ / "quarantine"}, files_, clock_, counters_};
  Verifier verifier_{quarantine_, files_, counters_, events_};
  Inspector inspector_{quarantine_, counters_, events_};
  Admitter admitter_{Policy{}, quarantine_, audit_, clock_, counters_, events_};
  SpoolSettings settings_;
  FetchSettings fetch_;
  std::unique_ptr<store::DiskBlobStore> blobs_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<StagedIntake> intake_;
  std::unique_ptr<Fetcher> fetcher_;
  std::unique_ptr<Refetcher> refetcher_;
  test::HttpServer server_;
  int ready_ = 0;
};

TEST_F(RefetcherTest, BringsBackWhatIsGoneAndTheSameManifestIsSent) {
  ship("a.txt", "hello");
  const Bytes manifest = [&] {
    EXPECT_TRUE(spool_->resend({{ShipmentSequence(1), ShipmentSequence(1)}}));
    return send().manifest;
  }();
  lose("hello");
  ask(1);
  EXPECT_TRUE(refetcher_->step({}).value());
  EXPECT_EQ(ready_, 1);
  EXPECT_EQ(server_.requests("/a.txt").size(), 2U);
  EXPECT_EQ(counters_.get(observe::Metric::kRefetchedBlobs), 1U);
  const OutgoingPass pass = send();
  EXPECT_EQ(pass.sequence, ShipmentSequence(1));
  EXPECT_EQ(pass.manifest, manifest);
  EXPECT_TRUE(blobs_->verify(pass.blobs.at(0).digest));
  EXPECT_FALSE(due());
  EXPECT_FALSE(refetcher_->step({}).value());
}

TEST_F(RefetcherTest, OtherBytesAtTheSameAddressAreNotTaken) {
  ship("a.txt", "hello");
  lose("hello");
  server_.answer("/a.txt", {{.body = "HELLO"}});
  ask(1);
  EXPECT_TRUE(refetcher_->step({}).value());
  EXPECT_EQ(counters_.get(observe::Metric::kRefetchFailed), 1U);
  EXPECT_EQ(events_.named("refetch.failed").size(), 1U);
  EXPECT_FALSE(blobs_->find(sha256(as_bytes("hello"))).value());
  EXPECT_EQ(send().sequence, ShipmentSequence(1)) << "the rest of it is sent";
  EXPECT_FALSE(due());
}

TEST_F(RefetcherTest, WhatTheUpstreamHasNoMoreIsNamed) {
  ship("a.txt", "hello");
  lose("hello");
  server_.answer("/a.txt", {{.status = 404}});
  ask(1);
  EXPECT_TRUE(refetcher_->step({}).value());
  EXPECT_NE(failure().find("404"), std::string::npos) << failure();
  EXPECT_EQ(test::field(events_.named("refetch.failed").at(0), "name"), "a.txt");
  EXPECT_EQ(test::field(events_.named("refetch.failed").at(0), "shipment"), "lab-low/1");
}

TEST_F(RefetcherTest, WhatWasNotFetchedIsNamed) {
  ASSERT_TRUE(spool_->take_made("made", "made bytes", {}, {}));
  Proposal proposal;
  proto::Record& record = proposal.records.emplace_back();
  record.set_ecosystem("file");
  record.set_document("drop/made");
  record.add_blobs(std::string(as_text(sha256(as_bytes("made bytes")).bytes())));
  ASSERT_TRUE(spool_->append("files", proposal));
  send();
  lose("made bytes");
  ask(1);
  EXPECT_TRUE(refetcher_->step({}).value());
  EXPECT_NE(failure().find("has no address"), std::string::npos) << failure();
}

TEST_F(RefetcherTest, AStopLeavesItForTheNextRun) {
  ship("a.txt", "hello");
  lose("hello");
  ask(1);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(refetcher_->step(stop.get_token()).value());
  EXPECT_EQ(ready_, 0);
  EXPECT_EQ(counters_.get(observe::Metric::kRefetchFailed), 0U);
  EXPECT_TRUE(refetcher_->step({}).value());
  EXPECT_EQ(counters_.get(observe::Metric::kRefetchedBlobs), 1U);
}

}  // namespace
}  // namespace sluice::low
