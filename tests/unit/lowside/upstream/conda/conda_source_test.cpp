#include "lowside/upstream/conda/conda_source.h"

#include <gtest/gtest.h>

#include <fstream>

#include "lowside/fetch/fetcher.h"
#include "lowside/upstream/conda/cursor.h"
#include "lowside/upstream/conda/repodata.h"
#include "scripted_channel.h"
#include "sluice/conda.pb.h"
#include "tests/support/events.h"
#include "tests/support/memory_intake.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

const std::string kNumpy = "numpy-1.26.4-py311_0.conda";
const std::string kTiny = "tiny-1.0-py_0.tar.bz2";

class CondaSourceTest : public testing::Test {
 protected:
  CondaSourceTest() {
    settings_.name = "lab";
    settings_.channel = channel_.uri();
    settings_.serve_as = conda_channel_name(settings_.channel);
    settings_.subdirs = {"noarch", "linux-64"};
    FetchSettings fetch;
    fetch.folder = folder_ / "fetch";
    fetch.attempts = 1;
    fetcher_ = Fetcher::open(fetch, posix_file_system(), system_clock_, counters_, events_).value();
    channel_.put("linux-64", kNumpy, "numpy's bytes");
    channel_.put("linux-64", "python-3.11.9-h1_0.conda", "python's bytes");
    channel_.put("noarch", kTiny, "tiny's bytes");
  }

  Result<Proposal> poll(bool list_closure = false, std::optional<UtcTime> since = {}) {
    check_settings(settings_).value();
    CondaSource source(settings_, counters_);
    PollContext context{*fetcher_, intake_, cursor_, folder_ / "work", stop_.get_token(), {}};
    context.list_closure = list_closure;
    context.published_since = since;
    Result<Proposal> proposal = source.poll(context);
    if (proposal) {
      cursor_ = proposal->cursor;
    }
    return proposal;
  }
  static std::vector<std::string> documents(const Proposal& proposal) {
    std::vector<std::string> names;
    names.reserve(proposal.records.size());
    for (const proto::Record& record : proposal.records) {
      names.push_back(record.document());
    }
    return names;
  }
  static proto::CondaSubdir body(const proto::Record& record) {
    proto::CondaSubdir body;
    EXPECT_TRUE(body.ParseFromString(record.body()));
    return body;
  }
  // Names, and "removed " before those that are.
  static std::vector<std::string> files(const proto::Record& record) {
    std::vector<std::string> names;
    const proto::CondaSubdir shipped = body(record);
    for (const auto& file : shipped.files()) {
      names.push_back((file.removed() ? "removed " : "") + file.name());
    }
    return names;
  }
  static bool says(const Proposal& proposal, const std::vector<std::string>& words) {
    return std::ranges::any_of(proposal.problems, [&](const Error& error) {
      return std::ranges::all_of(words, [&](const std::string& word) {
        return error.message().find(word) != std::string::npos;
      });
    });
  }
  static std::string all(const Proposal& proposal) {
    std::string text;
    for (const Error& error : proposal.problems) {
      text += error.message() + "\n";
    }
    return text;
  }

  sluice::test::TemporaryFolder folder_;
  test::ScriptedChannel channel_;
  SystemClock system_clock_;
  observe::Counters counters_;
  sluice::test::RecordedEvents events_;
  std::unique_ptr<Fetcher> fetcher_;
  test::MemoryIntake intake_;
  CondaSettings settings_;
  std::string cursor_;
  std::stop_source stop_;
};

TEST_F(CondaSourceTest, ShipsWholeSubdirsWithTheChannelsOwnWords) {
  const std::string text =
      R"({ "build":"py_0", "name":"tiny","version":"1.0","timestamp":1.70e12,"depends":[],)"
      R"("size":12, "sha256":")" +
      sha256(as_bytes("tiny's bytes")).hex() + "\" }";
  channel_.replace_index("noarch", R"({"packages":{")" + kTiny + "\": " + text + "}}");
  const Proposal proposal = poll().value();
  EXPECT_EQ(all(proposal), "");
  ASSERT_EQ(documents(proposal), (std::vector<std::string>{"lab/linux-64", "lab/noarch"}));
  EXPECT_EQ(files(proposal.records[0]),
            (std::vector<std::string>{kNumpy, "python-3.11.9-h1_0.conda"}));
  const auto noarch = body(proposal.records[1]);
  ASSERT_EQ(noarch.files_size(), 1);
  EXPECT_EQ(noarch.files(0).metadata(), text);
  EXPECT_EQ(noarch.files(0).size(), 12U);
  EXPECT_EQ(noarch.files(0).sha256(),
            std::string(as_text(sha256(as_bytes("tiny's bytes")).bytes())));
  EXPECT_EQ(proposal.blobs.size(), 3U);
  EXPECT_EQ(proposal.records[0].blobs_size(), 2);
}

TEST_F(CondaSourceTest, AWindowTakesWhatWasBuiltWithinIt) {
  const auto list = [&](const std::string& file, json::value built) {
    json::object entry = test::ScriptedChannel::entry(file, file);
    entry["timestamp"] = std::move(built);
    channel_.list("noarch", file, std::move(entry));
    channel_.give("noarch", file, file);
  };
  list("new-1-0.conda", 1'700'000'000'000);
  list("just-1-0.conda", 1'690'000'000);  // in seconds, as old entries are
  list("old-1-0.conda", 1'689'999'999'999);
  list("odd-1-0.conda", "yesterday");
  settings_.subdirs = {"noarch"};
  settings_.window = std::chrono::days(30);
  const Proposal proposal = poll(false, UtcTime(std::chrono::seconds(1'690'000'000))).value();
  EXPECT_EQ(all(proposal), "");
  ASSERT_EQ(proposal.records.size(), 1U);
  EXPECT_EQ(files(proposal.records[0]),
            (std::vector<std::string>{"just-1-0.conda", "new-1-0.conda"}));
  // What has grown too old stays; a wider window asks for the index again.
  settings_.window = std::chrono::days(31);
  const Proposal later = poll(false, UtcTime(std::chrono::seconds(1'800'000'000))).value();
  EXPECT_TRUE(later.records.empty());
  settings_.window = std::chrono::days(90);
  const Proposal wider = poll(false, UtcTime(std::chrono::seconds(1'600'000'000))).value();
  ASSERT_EQ(wider.records.size(), 1U);
  EXPECT_EQ(files(wider.records[0]),
            (std::vector<std::string>{"just-1-0.conda", "new-1-0.conda", "old-1-0.conda"}));
}

TEST_F(CondaSourceTest, ARequestsClosureIsWhatItAsksFor) {
  settings_.include = {"numpy"};
  poll().value();
  settings_.include = {"tiny"};
  for (int times = 0; times < 2; ++times) {  // the second time nothing has changed
    const Proposal proposal = poll(true).value();
    EXPECT_EQ(all(proposal), "");
    ASSERT_EQ(proposal.closure.size(), 1U);
    EXPECT_EQ(proposal.closure[0].ecosystem(), "conda");
    EXPECT_EQ(proposal.closure[0].document(), "lab/noarch");
    EXPECT_EQ(proposal.closure[0].item(), kTiny);
    EXPECT_EQ(proposal.closure[0].size(), 12U);
    EXPECT_EQ(proposal.closure[0].sha256(),
              std::string(as_text(sha256(as_bytes("tiny's bytes")).bytes())));
    // numpy crossed before, and stays.
    EXPECT_EQ(proposal.besides, (std::vector<std::string>{std::string(
                                    as_text(sha256(as_bytes("numpy's bytes")).bytes()))}));
  }
  settings_.include = {"no-such"};
  const Proposal none = poll(true).value();
  EXPECT_TRUE(none.closure.empty());
  EXPECT_TRUE(says(none, {"no-such", "no package"}));
}

TEST_F(CondaSourceTest, AsksOnceForWhatHasNotChanged) {
  poll().value();
  const std::size_t before = channel_.server.all_requests().size();
  const Proposal again = poll().value();
  EXPECT_TRUE(again.records.empty());
  EXPECT_EQ(all(again), "");
  const auto seen = channel_.server.all_requests();
  ASSERT_EQ(seen.size(), before + 2);
  for (const auto& one : {seen[before], seen[before + 1]}) {
    EXPECT_TRUE(one.target.ends_with("repodata.json.zst"));
    EXPECT_NE(one.header("if-none-match"), "");
  }
}

TEST_F(CondaSourceTest, TakesThePlainIndexWhereThereIsNoPackedOne) {
  channel_.packs = false;
  channel_.absent = 403;  // as object stores have it
  EXPECT_EQ(poll().value().records.size(), 2U);
  const std::size_t before = channel_.server.all_requests().size();
  EXPECT_TRUE(poll().value().records.empty());
  EXPECT_EQ(channel_.server.all_requests().size(), before + 2) << "asks first what was there";
}

TEST_F(CondaSourceTest, TakesOnlyWhatMatches) {
  channel_.put("linux-64", "numpy-2.0.0-py311_0.conda", "newer");
  channel_.put("linux-64", "numpy-1.26.4-py312_0.conda", "for another Python");
  settings_.include = {"numpy 1.26.* py311*", "tiny", "nunpy"};
  settings_.exclude = {"tin?"};
  const Proposal proposal = poll().value();
  ASSERT_EQ(documents(proposal), std::vector<std::string>{"lab/linux-64"});
  EXPECT_EQ(files(proposal.records[0]), std::vector<std::string>{kNumpy});
  EXPECT_TRUE(says(proposal, {"nunpy", "no package"})) << all(proposal);
  EXPECT_EQ(proposal.problems.size(), 1U);

  settings_.include = {"numpy"};
  const Proposal wider = poll().value();
  ASSERT_EQ(documents(wider), std::vector<std::string>{"lab/linux-64"})
      << "other patterns ask anew";
  EXPECT_EQ(body(wider.records[0]).files_size(), 3);
}

TEST_F(CondaSourceTest, RefusesPatternsThatWouldTakeASolver) {
  for (const std::string pattern : {"numpy >=1.26", "numpy=1.26", "a b c d", "", " ", "a\nb"}) {
    settings_.include = {pattern};
    EXPECT_EQ(check_settings(settings_).error().code, ErrorCode::kInvalid) << pattern;
  }
  settings_.include = {"numpy 1.26.* py3[19]*"};
  EXPECT_TRUE(check_settings(settings_));
  settings_.subdirs = {"linux"};
  EXPECT_FALSE(check_settings(settings_));
  settings_.subdirs = {"noarch"};
  settings_.serve_as = "../up";
  EXPECT_NE(check_settings(settings_).error().message().find("set serve_as"), std::string::npos);
  EXPECT_EQ(conda_channel_name("https://conda.example.org/pkgs/main/"), "pkgs/main");
  EXPECT_EQ(conda_channel_name("https://conda.example.org"), "");
}

TEST_F(CondaSourceTest, LeavesOutAndNamesWhatProvesNothingOrIsHostile) {
  auto md5_only = channel_.entry("old-1-0.tar.bz2", "old");
  md5_only.erase("sha256");
  channel_.list("noarch", "old-1-0.tar.bz2", md5_only);
  channel_.list("noarch", "../../etc/passwd", json::object{});
  auto elsewhere = channel_.entry("far-1-0.conda", "far");
  elsewhere["url"] = "http://evil.example/far-1-0.conda";
  channel_.list("noarch", "far-1-0.conda", elsewhere);
  channel_.list("noarch", "other-1-0.conda", channel_.entry("tiny-1.0-py_0.conda", "x"));
  const Proposal proposal = poll().value();
  ASSERT_EQ(documents(proposal), (std::vector<std::string>{"lab/linux-64", "lab/noarch"}));
  EXPECT_EQ(files(proposal.records[1]), std::vector<std::string>{kTiny});
  EXPECT_EQ(proposal.problems.size(), 4U);
  EXPECT_TRUE(says(proposal, {"old-1-0.tar.bz2", "MD5 alone", "SHA-256, or exclude it"}))
      << all(proposal);
  EXPECT_TRUE(says(proposal, {"../../etc/passwd"}));
  EXPECT_TRUE(says(proposal, {"far-1-0.conda", "leads elsewhere"}));
  EXPECT_TRUE(says(proposal, {"other-1-0.conda", "another name"}));
}

TEST_F(CondaSourceTest, CountsWhatItDoesNotName) {
  for (int i = 0; i < 30; ++i) {
    channel_.list("noarch", "bad" + std::to_string(i), json::object{});
  }
  const Proposal proposal = poll().value();
  EXPECT_EQ(proposal.problems.size(), 21U);
  EXPECT_TRUE(says(proposal, {"10 more of its entries"})) << all(proposal);
}

TEST_F(CondaSourceTest, ALieAboutADigestKeepsTheWholeSubdirBack) {
  poll().value();
  channel_.put("linux-64", "good-1-0.conda", "good");
  channel_.put("linux-64", "liar-1-0.conda", "what it says");
  channel_.give("linux-64", "liar-1-0.conda", "what it is!!");
  channel_.put("noarch", "new-1-0.conda", "new");
  const Proposal proposal = poll().value();
  EXPECT_EQ(documents(proposal), std::vector<std::string>{"lab/noarch"});
  EXPECT_TRUE(says(proposal, {"liar-1-0.conda", "lab/linux-64 is shipped when"})) << all(proposal);

  channel_.give("linux-64", "liar-1-0.conda", "what it says");
  const Proposal mended = poll().value();
  ASSERT_EQ(documents(mended), std::vector<std::string>{"lab/linux-64"});
  EXPECT_EQ(body(mended.records[0]).files_size(), 4);
}

TEST_F(CondaSourceTest, AWrongMd5IsALieToo) {
  auto entry = channel_.entry("m-1-0.conda", "m");
  entry["md5"] = std::string(32, '0');
  channel_.list("noarch", "m-1-0.conda", entry);
  channel_.give("noarch", "m-1-0.conda", "m");
  const Proposal proposal = poll().value();
  EXPECT_EQ(documents(proposal), std::vector<std::string>{"lab/linux-64"});
  EXPECT_TRUE(says(proposal, {"m-1-0.conda", "digest"})) << all(proposal);
}

TEST_F(CondaSourceTest, WhatIsListedNoMoreStaysAndWhatIsRemovedIsMarked) {
  poll().value();
  channel_.remove("linux-64", kNumpy, true);
  channel_.put("linux-64", "numpy-1.26.5-py311_0.conda", "next");
  const Proposal removed = poll().value();
  EXPECT_EQ(all(removed), "");
  ASSERT_EQ(documents(removed), std::vector<std::string>{"lab/linux-64"});
  EXPECT_EQ(files(removed.records[0]),
            (std::vector<std::string>{"removed " + kNumpy, "numpy-1.26.5-py311_0.conda",
                                      "python-3.11.9-h1_0.conda"}));
  channel_.remove("linux-64", "python-3.11.9-h1_0.conda", false);
  EXPECT_TRUE(poll().value().records.empty()) << "absence alone changes nothing";
  channel_.put("linux-64", kNumpy, "numpy's bytes");
  const Proposal back = poll().value();
  ASSERT_EQ(back.records.size(), 1U);
  EXPECT_EQ(files(back.records[0]), (std::vector<std::string>{kNumpy, "numpy-1.26.5-py311_0.conda",
                                                              "python-3.11.9-h1_0.conda"}));
}

TEST_F(CondaSourceTest, NeverReplacesTheBytesOfAFile) {
  poll().value();
  channel_.put("linux-64", kNumpy, "other bytes");
  channel_.put("linux-64", "more-1-0.conda", "more");
  const Proposal proposal = poll().value();
  EXPECT_TRUE(says(proposal, {kNumpy, "other bytes", "stays as it was"})) << all(proposal);
  ASSERT_EQ(proposal.records.size(), 1U);
  ASSERT_EQ(body(proposal.records[0]).files_size(), 3);
  EXPECT_EQ(body(proposal.records[0]).files(1).sha256(),
            std::string(as_text(sha256(as_bytes("numpy's bytes")).bytes())));
}

TEST_F(CondaSourceTest, MetadataMayBeMended) {
  poll().value();
  auto entry = channel_.entry(kNumpy, "numpy's bytes");
  entry["depends"] = json::array{"python >=3.11,<3.12"};
  channel_.list("linux-64", kNumpy, entry);
  const std::size_t taken = intake_.taken;
  const Proposal proposal = poll().value();
  ASSERT_EQ(proposal.records.size(), 1U);
  EXPECT_NE(body(proposal.records[0]).files(0).metadata().find("<3.12"), std::string::npos);
  EXPECT_EQ(intake_.taken, taken) << "no byte is fetched again";
}

TEST_F(CondaSourceTest, ASpoolThatForgotAFileHasItFetchedAgainOrNamed) {
  poll().value();
  intake_.blobs.clear();
  channel_.remove("linux-64", kNumpy, false);
  channel_.put("linux-64", "more-1-0.conda", "more");
  const Proposal proposal = poll().value();
  ASSERT_EQ(proposal.records.size(), 1U);
  EXPECT_EQ(files(proposal.records[0]),
            (std::vector<std::string>{"more-1-0.conda", "python-3.11.9-h1_0.conda"}));
  EXPECT_TRUE(says(proposal, {kNumpy, "listed no more from the next shipment"})) << all(proposal);
}

TEST_F(CondaSourceTest, SaysWhenWhatWasShippedIsForgotten) {
  poll().value();
  std::filesystem::remove_all(folder_ / "work");
  channel_.put("linux-64", "more-1-0.conda", "more");
  EXPECT_TRUE(says(poll().value(), {"lab/linux-64", "no longer held here"}));
}

TEST_F(CondaSourceTest, FilesMayLieElsewhere) {
  channel_.set("noarch", "info", json::object{{"subdir", "noarch"}, {"base_url", "../noarch/sub"}});
  channel_.set("noarch", "repodata_version", 2);
  channel_.give("noarch", "sub/" + kTiny, "tiny's bytes");
  channel_.give("noarch", kTiny, "not these");
  EXPECT_EQ(poll().value().records.size(), 2U);
  channel_.set("noarch", "info", json::object{{"base_url", "file:///etc/"}});
  EXPECT_TRUE(says(poll().value(), {"base_url"}));
}

TEST_F(CondaSourceTest, OneSubdirThatCannotBeHadStopsNoOther) {
  settings_.subdirs = {"noarch", "linux-64", "win-64"};
  channel_.set("osx-64", "nothing", 1);
  settings_.subdirs.emplace_back("osx-64");
  const Proposal proposal = poll().value();
  EXPECT_EQ(proposal.records.size(), 2U);
  EXPECT_TRUE(says(proposal, {"win-64", "404", "check channel and subdirs"})) << all(proposal);
  EXPECT_TRUE(says(proposal, {"osx-64", "lists no packages"})) << all(proposal);
}

TEST_F(CondaSourceTest, AChannelThatIsDownIsTriedAgain) {
  channel_.status = 503;
  EXPECT_EQ(poll().error().code, ErrorCode::kUnavailable);
}

TEST_F(CondaSourceTest, OurOwnDiskStopsThePoll) {
  intake_.full = true;
  EXPECT_EQ(poll().error().code, ErrorCode::kExhausted);
}

TEST_F(CondaSourceTest, DamagedIndexesAreNamed) {
  settings_.subdirs = {"noarch"};
  for (const std::string text :
       {"", "[]", "{}", "{\"packages\":[]}", "{\"packages\":{}",
        "{\"packages\":{},\"packages\":{}}", "{\"packages\":{},\"repodata_version\":3}",
        "{\"packages\":{},\"info\":1}", "{\"packages\":{},\"removed\":{}}",
        "{\"packages\":{},\"info\":{\"base_url\":1}}"}) {
    channel_.replace_index("noarch", text);
    const Proposal proposal = poll().value();
    EXPECT_TRUE(proposal.records.empty());
    EXPECT_TRUE(says(proposal, {"noarch/repodata.json.zst", "no repodata"})) << text;
  }
}

TEST_F(CondaSourceTest, ReadsNoMoreThanOneShipmentCarries) {
  std::string text = "{\"packages.conda\":{";
  const std::string digest(64, 'a');
  for (std::size_t i = 0; i <= kMaxSelectedFiles; ++i) {
    const std::string version = std::to_string(i);
    text += (i == 0 ? "\"" : ",\"") + ("n-" + version) + R"(-0.conda":{"name":"n","version":")" +
            version + R"(","build":"0","size":1,"sha256":")" + digest + "\"}";
  }
  text += "}}";
  CondaSelection everything({}, {});
  const auto refused = read_repodata("index", "noarch", text, everything);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_NE(refused.error().message().find("include"), std::string::npos);
  CondaSelection some({"n 1*"}, {});
  EXPECT_EQ(read_repodata("index", "noarch", text, some).value().files.size(), 11'111U);
}

TEST_F(CondaSourceTest, WhatHasNoRoomInOneShipmentGoesWithTheNext) {
  settings_.subdirs = {"linux-64", "noarch", "win-64"};
  for (const std::string& subdir : settings_.subdirs) {
    for (int i = 0; i < 90; ++i) {
      const std::string file = "large-" + std::to_string(i) + "-0.conda";
      auto entry = channel_.entry(file, file);
      entry["summary"] = std::string(250'000, 'x');
      channel_.list(subdir, file, entry);
      channel_.give(subdir, file, file);
    }
  }
  const Proposal first = poll().value();
  EXPECT_EQ(documents(first), (std::vector<std::string>{"lab/linux-64", "lab/noarch"}));
  EXPECT_TRUE(says(first, {"lab/win-64", "the next poll takes it"})) << all(first);
  const Proposal second = poll().value();
  EXPECT_EQ(documents(second), std::vector<std::string>{"lab/win-64"});
  EXPECT_EQ(all(second), "");
  EXPECT_TRUE(poll().value().records.empty());
}

TEST(CondaCursorTest, ReadsWhatItWrote) {
  CondaCursor cursor;
  cursor.subdirs["lab/noarch"] = {"asked", "repodata.json", "\"e\"", "then", "r"};
  const std::string text = cursor.write();
  EXPECT_EQ(CondaCursor::read(text).value().write(), text);
  for (const std::string damaged :
       {"{", "{}", R"({"format":2,"subdirs":{}})", R"({"format":1,"subdirs":{"a":{"asked":1}}})"}) {
    EXPECT_EQ(CondaCursor::read(damaged).error().code, ErrorCode::kInvalid) << damaged;
  }
}

}  // namespace
}  // namespace sluice::low
