// A source of the pattern "request" over a real spool: what it makes of requests, and when it
// ships.
#include <gmock/gmock.h>

#include <fstream>

#include "common/base/hasher.h"
#include "common/base/text.h"
#include "common/store/disk_blob_store.h"
#include "lowside/admit/stored_audit_log.h"
#include "lowside/daemon/source_poll.h"
#include "tests/support/events.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_store.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

using proto::StoredRequest;
using testing::ElementsAre;
using testing::HasSubstr;

class NoFetch final : public Fetch {
 public:
  Result<Document> document(const DocumentRequest&, std::stop_token) override {
    return Error{ErrorCode::kUnavailable, "test", "nothing is fetched here", ""};
  }
  void documents(const std::vector<DocumentRequest>&, std::stop_token,
                 const std::function<void(std::size_t, Result<Document>)>&) override {}
  void files(const std::vector<FetchRequest>&, std::stop_token,
             const std::function<void(std::size_t, Result<FetchedFile>)>&) override {}
};

class SpoolIntake final : public Intake {
 public:
  explicit SpoolIntake(Spool& spool) : spool_(spool) {}
  Result<proto::Blob> take(FetchedFile file, const Expectation&) override {
    return Error{ErrorCode::kInvalid, file.request().name, "nothing is fetched here", ""};
  }
  Result<proto::Blob> take_made(std::string name, std::string bytes,
                                std::vector<DigestAlgorithm> aliases,
                                std::vector<Evidence> evidence) override {
    return spool_.take_made(name, bytes, aliases, evidence);
  }
  Result<std::optional<proto::Blob>> held(const Digest& digest) override {
    return spool_.held(digest);
  }

 private:
  Spool& spool_;
};

// What the tests let an index hold: for each want the bytes that its closure has.
struct Index {
  std::map<std::string, std::vector<std::string>> closures;
  std::optional<Error> down;
  std::string hidden;                // would be carried, and is in no closure
  std::vector<std::string> cursors;  // that polls were given
  std::vector<std::filesystem::path> files;
};

// A want's closure is a document of its name.
class ScriptedSource final : public Upstream {
 public:
  ScriptedSource(Index& index, std::vector<std::string> wants)
      : index_(index), wants_(std::move(wants)) {}
  const std::string& name() const override { return name_; }
  std::chrono::seconds interval() const override { return std::chrono::hours(1); }
  Result<Proposal> poll(PollContext& context) override {
    EXPECT_TRUE(context.list_closure);
    index_.cursors.push_back(context.cursor);
    if (index_.down) {
      return *index_.down;
    }
    Proposal proposal;
    proposal.cursor = context.cursor;
    for (const std::string& want : wants_) {
      propose(want, context, proposal);
    }
    return proposal;
  }

 private:
  void propose(const std::string& want, PollContext& context, Proposal& proposal) {
    proto::Record record;
    record.set_ecosystem("file");
    record.set_document(want);
    for (const std::string& bytes : index_.closures[want]) {
      const auto blob = context.intake.take_made(bytes, bytes, {}, {{"test", "made"}}).value();
      proto::PlanNode& node = proposal.closure.emplace_back();
      node.set_document(want);
      node.set_item(bytes);
      node.set_sha256(blob.sha256());
      record.add_blobs(blob.sha256());
    }
    if (!index_.hidden.empty()) {
      record.add_blobs(context.intake.take_made("hidden", index_.hidden, {}, {{"test", "made"}})
                           .value()
                           .sha256());
    }
    const std::string state = want + sha256(as_bytes(record.SerializeAsString())).hex();
    if (proposal.cursor.find(state) == std::string::npos) {
      proposal.cursor += state + ";";
      proposal.records.push_back(std::move(record));
    }
  }

  Index& index_;
  const std::vector<std::string> wants_;
  const std::string name_ = "python";
};

class SourceRequestsTest : public testing::Test {
 protected:
  SourceRequestsTest() {
    spool_settings_.stream = "lab-low";
    spool_settings_.folder = folder_ / "spool";
    blobs_ = store::DiskBlobStore::open(index_, files_, spool_settings_.folder).value();
    spool_ =
        Spool::open(spool_settings_, {index_, *blobs_, files_, key_, clock_, counters_}).value();
    intake_ = std::make_unique<SpoolIntake>(*spool_);
    source_ = std::make_unique<SourcePoll>(
        std::make_unique<ScriptedSource>(upstream_, std::vector<std::string>{}),
        RunnerParts{"lab-low", fetch_, *intake_, *spool_, events_, counters_, clock_,
                    [this] { ++shipped_; }, &book_,
                    [](std::uint64_t) { return std::chrono::seconds(1); }},
        folder_ / "work",
        SourcePattern{
            .by_request = ByRequest{
                [this](std::vector<std::string> wants, std::vector<std::filesystem::path> files)
                    -> Result<std::unique_ptr<Upstream>> {
                  upstream_.files = std::move(files);
                  return std::unique_ptr<Upstream>(new ScriptedSource(upstream_, std::move(wants)));
                },
                false}});
    upstream_.closures["app"] = {"app 1", "leaf 1"};
    upstream_.closures["tool"] = {"tool 1"};
  }

  std::string ask(const std::string& want) {
    return book_.ask({"python", {want}, {}}, {"ada"}).value().id();
  }
  void poll() { source_->poll({}); }
  StoredRequest request(const std::string& id) { return book_.find(id).value(); }
  void approve(const std::string& id) {
    book_.approve(id, hex_encode(as_bytes(request(id).digest())), {"grace"}).value();
  }
  std::uint64_t made() { return spool_->highest_made().value(); }

  const test::TemporaryFolder folder_;
  FileSystem& files_ = posix_file_system();
  test::MemoryStore index_;
  crypto::SigningKey key_ = crypto::SigningKey::generate();
  test::ManualClock clock_;
  observe::Counters counters_;
  test::RecordedEvents events_;
  StoredAuditLog audit_{index_};
  RequestBook book_{{index_, audit_, clock_, counters_, events_}, std::chrono::hours(72)};
  SpoolSettings spool_settings_;
  std::unique_ptr<store::DiskBlobStore> blobs_;
  std::unique_ptr<Spool> spool_;
  NoFetch fetch_;
  std::unique_ptr<SpoolIntake> intake_;
  Index upstream_;
  int shipped_ = 0;
  std::unique_ptr<SourcePoll> source_;
};

TEST_F(SourceRequestsTest, NothingIsShippedBeforeItIsApproved) {
  poll();  // nobody asks for anything
  const std::string id = ask("app");
  poll();
  poll();
  EXPECT_EQ(made(), 0U);
  const auto plan = book_.plan(id).value().value();
  EXPECT_EQ(plan.nodes_size(), 2);
  EXPECT_TRUE(plan.nodes(0).fresh());
  EXPECT_EQ(plan.send_micros(), 1'000'000U);
  approve(id);
  EXPECT_EQ(made(), 0U);
  poll();
  EXPECT_EQ(made(), 1U);
  EXPECT_EQ(shipped_, 1);
  EXPECT_EQ(request(id).state(), StoredRequest::SENT);
  EXPECT_EQ(request(id).shipment(), 1U);
  EXPECT_EQ(spool_->describe(ShipmentSequence(1)).value()->blobs, 2U);
  poll();
  EXPECT_EQ(made(), 1U);
}

TEST_F(SourceRequestsTest, AnotherClosureVoidsTheApproval) {
  const std::string id = ask("app");
  poll();
  approve(id);
  upstream_.closures["app"].push_back("late 1");
  poll();
  EXPECT_EQ(made(), 0U);
  EXPECT_EQ(request(id).state(), StoredRequest::VOID);
  approve(id);
  upstream_.closures["app"] = {"app 1", "leaf 2", "late 1"};  // other bytes, as many
  poll();
  EXPECT_EQ(request(id).state(), StoredRequest::VOID);
  approve(id);
  upstream_.closures["app"] = {"app 1", "leaf 2"};  // one is gone
  poll();
  EXPECT_EQ(request(id).state(), StoredRequest::VOID);
  approve(id);
  poll();
  EXPECT_EQ(made(), 1U);
  EXPECT_EQ(spool_->describe(ShipmentSequence(1)).value()->blobs, 2U);
}

TEST_F(SourceRequestsTest, RequestsShareWhatTheirSourceHasSent) {
  upstream_.closures["tool"] = {"leaf 1", "tool 1"};
  const std::string app = ask("app");
  const std::string tool = ask("tool");
  poll();
  const std::string before = request(tool).digest();
  approve(app);
  poll();
  EXPECT_EQ(request(app).state(), StoredRequest::SENT);
  EXPECT_EQ(request(tool).digest(), before);  // though a part of it is held now
  EXPECT_FALSE(book_.plan(tool).value()->nodes(0).fresh());
  EXPECT_TRUE(book_.plan(tool).value()->nodes(1).fresh());
  approve(tool);
  poll();
  EXPECT_EQ(upstream_.cursors.back(),
            spool_->cursor("python").value().substr(0, upstream_.cursors.back().size()));
  EXPECT_EQ(spool_->describe(ShipmentSequence(2)).value()->blobs, 1U);
}

TEST_F(SourceRequestsTest, WhatNoPlanNamesIsNeverCarried) {
  const std::string id = ask("app");
  poll();
  approve(id);
  upstream_.hidden = "smuggled";
  poll();
  EXPECT_EQ(made(), 0U);
  EXPECT_THAT(request(id).failure(), HasSubstr(sha256(as_bytes("smuggled")).hex()));
  EXPECT_EQ(counters_.get(observe::Metric::kPollFailures), 1U);
}

TEST_F(SourceRequestsTest, AnUpstreamThatIsAwayVoidsNothing) {
  const std::string id = ask("app");
  poll();
  approve(id);
  upstream_.down = Error{ErrorCode::kUnavailable, "index", "does not answer", ""};
  poll();
  EXPECT_EQ(request(id).state(), StoredRequest::APPROVED);
  EXPECT_THAT(request(id).failure(), HasSubstr("does not answer"));
  EXPECT_EQ(source_->status().failures_in_a_row, 1U);
  upstream_.down.reset();
  poll();
  EXPECT_EQ(request(id).state(), StoredRequest::SENT);
  EXPECT_EQ(source_->status().failures_in_a_row, 0U);
}

TEST_F(SourceRequestsTest, WhatWasGivenUpIsNotPolled) {
  const std::string id = ask("app");
  poll();
  ASSERT_TRUE(book_.withdraw(id, {"ada"}));
  poll();
  EXPECT_EQ(made(), 0U);
  EXPECT_EQ(upstream_.cursors.size(), 1U);  // what was given up is not polled
}

TEST_F(SourceRequestsTest, FilesKeepTheirNamesButCannotLeaveTheirFolder) {
  std::vector<proto::RequestDocument> documents;
  for (const char* name : {"pylock.toml", "../../etc/passwd", "..", "a b;c"}) {
    documents.emplace_back().set_name(name);
    documents.back().set_content(name);
  }
  book_.ask({"python", {}, documents}, {"ada"}).value();
  poll();
  ASSERT_EQ(upstream_.files.size(), 4U);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < 4; ++i) {
    names.push_back(upstream_.files[i].filename());
    EXPECT_EQ(upstream_.files[i].lexically_normal().parent_path(),
              folder_ / "work/requests/r1" / std::to_string(i + 1));
    std::ifstream text(upstream_.files[i]);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(text), {}), documents[i].name());
  }
  EXPECT_THAT(names, ElementsAre("pylock.toml", "list.._.._etc_passwd", "list..", "a_b_c"));
}

// Remembers what it was asked for.
class WindowSource final : public Upstream {
 public:
  explicit WindowSource(std::vector<std::optional<UtcTime>>& asked) : asked_(asked) {}
  const std::string& name() const override { return name_; }
  std::chrono::seconds interval() const override { return std::chrono::hours(1); }
  Result<Proposal> poll(PollContext& context) override {
    EXPECT_FALSE(context.list_closure);
    asked_.push_back(context.published_since);
    return Proposal();
  }

 private:
  std::vector<std::optional<UtcTime>>& asked_;
  const std::string name_ = "window";
};

TEST_F(SourceRequestsTest, AWindowMovesWithTheClock) {
  std::vector<std::optional<UtcTime>> asked;
  const RunnerParts parts{"lab-low", fetch_,    *intake_, *spool_,
                          events_,   counters_, clock_,   [this] { ++shipped_; }};
  SourcePoll window(std::make_unique<WindowSource>(asked), parts, folder_ / "window",
                    SourcePattern{.window = std::chrono::days(30)});
  window.poll({});
  clock_.advance(std::chrono::hours(5));
  window.poll({});
  SourcePoll follow(std::make_unique<WindowSource>(asked), parts, folder_ / "window");
  follow.poll({});
  const UtcTime now = clock_.utc_now();
  EXPECT_THAT(asked, ElementsAre(now - std::chrono::days(30) - std::chrono::hours(5),
                                 now - std::chrono::days(30), std::nullopt));
}

}  // namespace
}  // namespace sluice::low
