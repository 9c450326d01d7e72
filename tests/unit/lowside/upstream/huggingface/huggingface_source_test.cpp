#include "lowside/upstream/huggingface/huggingface_source.h"

#include <gtest/gtest.h>

#include <fstream>

#include "lowside/fetch/fetcher.h"
#include "lowside/pipeline/rfc3339.h"
#include "lowside/upstream/huggingface/hub_answers.h"
#include "lowside/upstream/huggingface/want.h"
#include "scripted_hub.h"
#include "sluice/huggingface.pb.h"
#include "tests/support/events.h"
#include "tests/support/memory_intake.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

const std::string kFirst(40, 'a');
const std::string kSecond(40, 'b');

class HuggingFaceSourceTest : public testing::Test {
 protected:
  HuggingFaceSourceTest() {
    settings_.name = "hub";
    settings_.hub = hub_.uri();
    FetchSettings fetch;
    fetch.folder = folder_ / "fetch";
    fetch.attempts = 1;
    fetcher_ = Fetcher::open(fetch, posix_file_system(), system_clock_, counters_, events_).value();
    hub_.put("models/org/tiny", kFirst, "config.json", "{}");
    hub_.put("models/org/tiny", kFirst, "onnx/model.onnx", "weights", true);
    hub_.add_entry("models/org/tiny", kFirst,
                   {{"type", "directory"}, {"path", "onnx"}, {"oid", std::string(40, '1')}});
    hub_.point("models/org/tiny", "main", kFirst);
  }

  Result<Proposal> poll() {
    HuggingFaceSource source(settings_, counters_);
    PollContext context{*fetcher_, intake_, cursor_, folder_ / "work", stop_.get_token(), {}};
    context.list_closure = list_closure_;
    context.published_since = published_since_;
    Result<Proposal> proposal = source.poll(context);
    if (proposal) {
      cursor_ = proposal->cursor;
    }
    return proposal;
  }
  std::vector<std::string> documents(const Proposal& proposal) const {
    std::vector<std::string> names;
    for (const proto::Record& record : proposal.records) {
      names.push_back(record.document());
    }
    return names;
  }
  static proto::HuggingFaceRevision revision(const proto::Record& record) {
    proto::HuggingFaceRevision body;
    EXPECT_TRUE(body.ParseFromString(record.body()));
    return body;
  }
  static proto::HuggingFaceRefs refs(const proto::Record& record) {
    proto::HuggingFaceRefs body;
    EXPECT_TRUE(body.ParseFromString(record.body()));
    return body;
  }
  // Nothing is shipped, and the one problem has these words.
  void expect_refused(const std::vector<std::string>& words) {
    const Proposal proposal = poll().value();
    EXPECT_TRUE(proposal.records.empty());
    ASSERT_EQ(proposal.problems.size(), 1U);
    for (const std::string& word : words) {
      EXPECT_NE(proposal.problems[0].message().find(word), std::string::npos)
          << proposal.problems[0].message() << " does not say " << word;
    }
  }

  sluice::test::TemporaryFolder folder_;
  test::ScriptedHub hub_;
  SystemClock system_clock_;
  observe::Counters counters_;
  sluice::test::RecordedEvents events_;
  std::unique_ptr<Fetcher> fetcher_;
  test::MemoryIntake intake_;
  HuggingFaceSettings settings_;
  std::string cursor_;
  bool list_closure_ = false;
  std::optional<UtcTime> published_since_;
  std::stop_source stop_;
};

TEST_F(HuggingFaceSourceTest, ShipsARevisionWithItsRef) {
  settings_.repositories = {"org/tiny"};
  const Proposal proposal = poll().value();
  EXPECT_TRUE(proposal.problems.empty());
  ASSERT_EQ(documents(proposal),
            (std::vector<std::string>{"models/org/tiny@" + kFirst, "models/org/tiny"}));
  const auto shipped = revision(proposal.records[0]);
  ASSERT_EQ(shipped.files_size(), 2);
  EXPECT_EQ(shipped.files(0).path(), "config.json");
  EXPECT_EQ(shipped.files(0).sha256(), std::string(as_text(sha256(as_bytes("{}")).bytes())));
  EXPECT_EQ(shipped.files(0).pointer_size(), 0U);
  EXPECT_EQ(shipped.files(1).path(), "onnx/model.onnx");
  EXPECT_EQ(shipped.files(1).pointer_size(), 130U);
  ASSERT_EQ(shipped.folders_size(), 1);
  EXPECT_EQ(shipped.folders(0).path(), "onnx");
  EXPECT_EQ(shipped.about(), R"({"tags":["onnx"]})");
  EXPECT_EQ(refs(proposal.records[1]).commits().at("main"), kFirst);
  EXPECT_EQ(proposal.blobs.size(), 2U);
}

TEST_F(HuggingFaceSourceTest, AsksOnceForWhatHasNotChanged) {
  settings_.repositories = {"org/tiny", "org/tiny@" + kFirst};
  poll().value();
  const std::size_t before = hub_.server.all_requests().size();
  const Proposal again = poll().value();
  EXPECT_TRUE(again.records.empty());
  EXPECT_TRUE(again.problems.empty());
  const auto seen = hub_.server.all_requests();
  ASSERT_EQ(seen.size(), before + 1) << "the commit is held: only the branch is asked about";
  EXPECT_EQ(seen.back().header("if-none-match"), "\"" + kFirst + "\"");
}

TEST_F(HuggingFaceSourceTest, FollowsABranchAndFetchesOnlyWhatIsNew) {
  settings_.repositories = {"org/tiny"};
  poll().value();
  hub_.put("models/org/tiny", kSecond, "config.json", "{\"a\":1}");
  hub_.put("models/org/tiny", kSecond, "onnx/model.onnx", "weights", true);
  hub_.point("models/org/tiny", "main", kSecond);
  const Proposal moved = poll().value();
  ASSERT_EQ(documents(moved),
            (std::vector<std::string>{"models/org/tiny@" + kSecond, "models/org/tiny"}));
  EXPECT_EQ(refs(moved.records[1]).commits().at("main"), kSecond);
  for (const auto& seen : hub_.server.all_requests()) {
    EXPECT_EQ(seen.target.find(kSecond + "/onnx/model.onnx"), std::string::npos);
  }
}

TEST_F(HuggingFaceSourceTest, PinsACommitWithoutARef) {
  settings_.repositories = {"org/tiny@" + kFirst};
  EXPECT_EQ(documents(poll().value()), std::vector<std::string>{"models/org/tiny@" + kFirst});
}

TEST_F(HuggingFaceSourceTest, TakesDatasetsAndBranchesWithSlashes) {
  hub_.put("datasets/org/set", kFirst, "data/a b.csv", "1,2");
  hub_.point("datasets/org/set", "refs%2Fconvert%2Fparquet", kFirst);
  settings_.repositories = {"datasets/org/set@refs/convert/parquet"};
  hub_.replace("datasets/org/set", kFirst, "data/a%20b.csv", "1,2");
  const Proposal proposal = poll().value();
  ASSERT_EQ(documents(proposal),
            (std::vector<std::string>{"datasets/org/set@" + kFirst, "datasets/org/set"}));
  EXPECT_EQ(refs(proposal.records[1]).commits().at("refs/convert/parquet"), kFirst);
}

TEST_F(HuggingFaceSourceTest, TakesOnlyWhatIsSelectedAndMoreWhenAskedForMore) {
  settings_.repositories = {"org/tiny"};
  settings_.include = {"*.json"};
  const Proposal some = poll().value();
  ASSERT_EQ(revision(some.records[0]).files_size(), 1);
  EXPECT_EQ(revision(some.records[0]).folders_size(), 0);
  settings_.include = {"*.json", "onnx/"};
  const Proposal more = poll().value();
  ASSERT_EQ(documents(more), std::vector<std::string>{"models/org/tiny@" + kFirst});
  EXPECT_EQ(revision(more.records[0]).files_size(), 2);
  settings_.exclude = {"*"};
  expect_refused({"org/tiny", "include and exclude"});
}

TEST_F(HuggingFaceSourceTest, ReadsAllPagesOfATree) {
  hub_.page_size = 1;
  settings_.repositories = {"org/tiny"};
  EXPECT_EQ(revision(poll().value().records[0]).files_size(), 2);
}

TEST_F(HuggingFaceSourceTest, SendsTheTokenToTheHubAlone) {
  hub_.token = "hf_secret";
  std::ofstream(folder_ / "token") << "hf_secret\n";
  settings_.repositories = {"org/tiny"};
  expect_refused({"401", "gated", "token"});
  settings_.token_file = folder_ / "token";
  EXPECT_EQ(poll().value().records.size(), 2U);

  cursor_.clear();
  hub_.page_size = 1;
  sluice::test::HttpServer elsewhere;
  hub_.next_page_host = elsewhere.uri();
  expect_refused({"another host"});
  EXPECT_TRUE(elsewhere.all_requests().empty());
}

TEST_F(HuggingFaceSourceTest, RefusesOtherBytesThanTheHubVouchesFor) {
  settings_.repositories = {"org/tiny"};
  hub_.replace("models/org/tiny", kFirst, "config.json", "[]");
  expect_refused({"org/tiny/config.json", "its digest is not"});
  hub_.replace("models/org/tiny", kFirst, "config.json", "{}");
  intake_.blobs.clear();
  hub_.replace("models/org/tiny", kFirst, "onnx/model.onnx", "changed");
  expect_refused({"org/tiny/onnx/model.onnx", "its digest is not"});
  hub_.replace("models/org/tiny", kFirst, "onnx/model.onnx", "weights");
  EXPECT_EQ(poll().value().records.size(), 2U) << "once it is mended upstream, it crosses";
}

TEST_F(HuggingFaceSourceTest, RefusesNamesThatLeaveTheRepository) {
  settings_.repositories = {"org/tiny"};
  hub_.put("models/org/tiny", kFirst, "../../etc/passwd", "root");
  expect_refused({"../../etc/passwd", "org/tiny"});
}

TEST_F(HuggingFaceSourceTest, RefusesEntriesThatCannotBe) {
  const json::object good{
      {"type", "file"}, {"path", "x"}, {"size", 1}, {"oid", std::string(40, '0')}};
  const std::vector<std::pair<std::string, json::value>> changes{
      {"size", -1},     {"size", "1"},          {"size", 1e30}, {"oid", "zz"},
      {"oid", nullptr}, {"lfs", {{"oid", ""}}}, {"path", 7}};
  for (const auto& [member, value] : changes) {
    json::object bad = good;
    bad[member] = value;
    HubTree tree;
    EXPECT_FALSE(read_hub_tree("hub", json::serialize(json::array{bad}), tree))
        << member << " " << value;
  }
  HubTree tree;
  EXPECT_TRUE(read_hub_tree("hub", json::serialize(json::array{good}), tree));
  for (const char* body : {"", "{}", "[1]", "[", "null"}) {
    EXPECT_FALSE(read_hub_tree("hub", body, tree)) << body;
    EXPECT_FALSE(read_hub_revision("hub", body)) << body;
  }
}

TEST_F(HuggingFaceSourceTest, AFullDiskEndsThePoll) {
  settings_.repositories = {"org/tiny"};
  intake_.full = true;
  const auto full = poll();
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kExhausted);
  intake_.full = false;
  EXPECT_EQ(poll().value().records.size(), 2U);
}

TEST_F(HuggingFaceSourceTest, OneBadEntryStopsNoOther) {
  settings_.repositories = {"org/../x", "org/gone", "org/tiny@no branch", "org/tiny"};
  const Proposal proposal = poll().value();
  EXPECT_EQ(proposal.records.size(), 2U);
  ASSERT_EQ(proposal.problems.size(), 3U);
}

TEST_F(HuggingFaceSourceTest, AHubThatIsAwayFailsThePollAndKeepsWhatWasShipped) {
  settings_.repositories = {"org/tiny"};
  poll().value();
  const std::string before = cursor_;
  settings_.hub = "http://127.0.0.1:1/";
  const auto away = poll();
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(cursor_, before);
}

TEST_F(HuggingFaceSourceTest, EveryFileIsListedWhetherItIsNewOrShipped) {
  settings_.repositories = {"org/tiny", "org/tiny@" + kFirst};
  list_closure_ = true;
  const Proposal first = poll().value();
  ASSERT_EQ(first.closure.size(), 2U);
  EXPECT_EQ(first.closure[0].document(), "models/org/tiny@" + kFirst);
  EXPECT_EQ(first.closure[0].item(), "config.json");
  EXPECT_EQ(first.closure[0].size(), 2U);
  EXPECT_EQ(first.closure[0].sha256(), std::string(as_text(sha256(as_bytes("{}")).bytes())));
  const Proposal again = poll().value();
  EXPECT_TRUE(again.records.empty());
  ASSERT_EQ(again.closure.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(again.closure[i].SerializeAsString(), first.closure[i].SerializeAsString());
  }
  EXPECT_EQ(intake_.taken, 2U);
}

TEST_F(HuggingFaceSourceTest, OnlyRevisionsWithinTheWindowAreWanted) {
  settings_.repositories = {"org/tiny"};  // changed at the beginning of May
  published_since_ = read_rfc3339("2024-05-01T00:00:01Z");
  EXPECT_TRUE(poll().value().records.empty());
  published_since_ = read_rfc3339("2024-05-01T00:00:00Z");
  EXPECT_EQ(poll().value().records.size(), 2U);
}

TEST(HuggingFaceWants, AreReadAsTheHubWritesThem) {
  const auto model = parse_huggingface_want("org/name").value();
  EXPECT_EQ(model.repository.document(), "models/org/name");
  EXPECT_EQ(model.revision, "main");
  const auto space = parse_huggingface_want("spaces/org/app@v1").value();
  EXPECT_EQ(space.repository.document(), "spaces/org/app");
  EXPECT_EQ(space.revision, "v1");
  for (const char* bad : {"", "@main", "a/b/c", "org/name@", "datasets/", "https://hub/org/name"}) {
    EXPECT_FALSE(parse_huggingface_want(bad)) << bad;
  }
}

}  // namespace
}  // namespace sluice::low
