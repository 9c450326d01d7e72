#include "lowside/upstream/files/files_upstream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "common/base/hasher.h"
#include "lowside/fetch/fetcher.h"
#include "sluice/file.pb.h"
#include "tests/support/events.h"
#include "tests/support/http_server.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

using std::chrono::seconds;

class TestClock final : public Clock {
 public:
  SteadyTime now{seconds(1000)};
  UtcTime utc_now() const override { return from_unix_micros(1'700'000'000'000'000); }
  SteadyTime steady_now() const override { return now; }
};

// Believes what it is told, and checks digests.
class TestIntake final : public Intake {
 public:
  std::map<std::string, proto::Blob> blobs;     // by digest as text
  std::map<std::string, Expectation> expected;  // by name
  std::optional<Error> refusal;

  Result<proto::Blob> take(FetchedFile file, const Expectation& expectation) override {
    expected[file.request().name] = expectation;
    if (refusal) {
      return *refusal;
    }
    for (const Digest& digest : expectation.digests) {
      if (std::find(file.digests().begin(), file.digests().end(), digest) == file.digests().end()) {
        return Error{ErrorCode::kIntegrity, file.request().name, "another digest", "wait"};
      }
    }
    proto::Blob blob;
    blob.set_sha256(std::string(as_text(file.digests()[0].bytes())));
    blob.set_size(file.size());
    auto& evidence = *blob.add_evidence();
    evidence.set_kind("media-type");
    evidence.set_detail("text/plain");
    for (const Digest& digest : file.digests()) {
      blobs[digest.to_string()] = blob;
    }
    std::filesystem::remove(file.path().value());
    return blob;
  }
  Result<proto::Blob> take_made(std::string name, std::string, std::vector<DigestAlgorithm>,
                                std::vector<Evidence>) override {
    return Error{ErrorCode::kInvalid, name, "nothing is made here", ""};
  }
  Result<std::optional<proto::Blob>> held(const Digest& digest) override {
    const auto found = blobs.find(digest.to_string());
    return found == blobs.end() ? std::nullopt : std::optional(found->second);
  }
};

class FilesUpstreamTest : public testing::Test {
 protected:
  FilesUpstreamTest() {
    settings_.name = "drop";
    settings_.collection = "tools";
    FetchSettings fetch;
    fetch.folder = folder_ / "fetch";
    fetch.attempts = 1;
    fetcher_ = Fetcher::open(fetch, posix_file_system(), system_clock_, counters_, events_).value();
  }

  void use_drop_folder() {
    settings_.drop_folder = folder_ / "drop";
    std::filesystem::create_directories(settings_.drop_folder);
  }
  void use_list(const std::string& text) {
    settings_.url_list = folder_ / "list";
    write(settings_.url_list, text);
  }
  static void write(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  void drop(const std::string& path, const std::string& text) {
    write(settings_.drop_folder / path, text);
  }

  Result<Proposal> poll() {
    if (upstream_ == nullptr) {
      upstream_ = std::make_unique<FilesUpstream>(settings_, posix_file_system(), clock_);
    }
    PollContext context{*fetcher_, intake_, cursor_, folder_ / "work", stop_.get_token(), {}};
    Result<Proposal> proposal = upstream_->poll(context);
    if (proposal && commits_) {
      cursor_ = proposal->cursor;
    }
    return proposal;
  }
  // A poll, and another when what the first saw has settled.
  Proposal settled_poll() {
    poll().value();
    clock_.now += settings_.settle;
    return poll().value();
  }
  static std::vector<std::string> documents(const Proposal& proposal) {
    std::vector<std::string> names;
    for (const proto::Record& record : proposal.records) {
      names.push_back((record.withdrawn() ? "-" : "") + record.document());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  static std::string hex(std::string_view text) { return sha256(as_bytes(text)).hex(); }

  test::TemporaryFolder folder_;
  test::HttpServer server_;
  test::RecordedEvents events_;
  observe::Counters counters_;
  SystemClock system_clock_;
  TestClock clock_;
  FilesSettings settings_;
  TestIntake intake_;
  std::stop_source stop_;
  std::string cursor_;
  bool commits_ = true;
  std::unique_ptr<Fetcher> fetcher_;
  std::unique_ptr<FilesUpstream> upstream_;
};

using Names = std::vector<std::string>;

TEST_F(FilesUpstreamTest, TakesADroppedFileOnceItHasSettled) {
  use_drop_folder();
  drop("deep/er/a.txt", "hello");
  EXPECT_TRUE(poll().value().records.empty());
  clock_.now += settings_.settle - seconds(1);
  EXPECT_TRUE(poll().value().records.empty());
  clock_.now += seconds(1);
  const Proposal proposal = poll().value();
  ASSERT_EQ(documents(proposal), Names{"tools/deep/er/a.txt"});
  proto::FileEntry entry;
  ASSERT_TRUE(entry.ParseFromString(proposal.records[0].body()));
  EXPECT_EQ(entry.sha256(), as_text(sha256(as_bytes("hello")).bytes()));
  EXPECT_EQ(entry.size(), 5U);
  EXPECT_EQ(entry.media_type(), "text/plain");
  EXPECT_GT(entry.modified_micros(), 1'500'000'000'000'000);
  EXPECT_EQ(proposal.records[0].ecosystem(), "file");
  EXPECT_EQ(proposal.records[0].blobs(0), entry.sha256());
  ASSERT_EQ(proposal.blobs.size(), 1U);
  EXPECT_EQ(intake_.expected.at("deep/er/a.txt").evidence.at(0).kind, "drop-folder");
  EXPECT_TRUE(settled_poll().records.empty());  // left in place and remembered
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "work"));
}

TEST_F(FilesUpstreamTest, WaitsWhileAFileGrows) {
  use_drop_folder();
  drop("a", "1");
  poll().value();
  clock_.now += settings_.settle;
  drop("a", "12");
  EXPECT_TRUE(poll().value().records.empty());
  clock_.now += settings_.settle;
  EXPECT_EQ(poll().value().records.size(), 1U);
  drop("a", "123");
  EXPECT_EQ(settled_poll().records.size(), 1U);  // a new file of the same name
}

TEST_F(FilesUpstreamTest, WaitsWhileSomebodyWrites) {
  use_drop_folder();
  drop("a", "hello");
  const int writer = ::open((settings_.drop_folder / "a").c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  // Leases are the kernel's to give: where it has none, there is nothing to test.
  const int reader = ::open((settings_.drop_folder / "a").c_str(), O_RDONLY | O_CLOEXEC);
  const bool leases = ::fcntl(reader, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
  ::close(reader);
  if (!leases) {
    ::close(writer);
    GTEST_SKIP() << "no file leases here";
  }
  const Proposal busy = settled_poll();
  EXPECT_TRUE(busy.records.empty());
  ASSERT_EQ(busy.problems.size(), 1U);
  EXPECT_NE(busy.problems[0].cause.find("open for writing"), std::string::npos);
  ::close(writer);
  EXPECT_EQ(settled_poll().records.size(), 1U);
}

TEST_F(FilesUpstreamTest, IgnoresWhatIsHiddenOrUnfinished) {
  use_drop_folder();
  drop(".hidden", "x");
  drop(".folder/a", "x");
  drop("a.part", "x");
  drop("folder.part/a", "x");
  const Proposal proposal = settled_poll();
  EXPECT_TRUE(proposal.records.empty());
  EXPECT_TRUE(proposal.problems.empty());
}

TEST_F(FilesUpstreamTest, FollowsNoLinksAndNamesWhatItLeavesOut) {
  use_drop_folder();
  write(folder_ / "secret/file", "secret");
  std::filesystem::create_symlink(folder_ / "secret/file", settings_.drop_folder / "link");
  std::filesystem::create_directory_symlink(folder_ / "secret", settings_.drop_folder / "folder");
  ASSERT_EQ(::mkfifo((settings_.drop_folder / "fifo").c_str(), 0600), 0);
  drop("bad\nname", "x");
  const Proposal proposal = settled_poll();
  EXPECT_TRUE(proposal.records.empty());
  EXPECT_EQ(proposal.problems.size(), 4U);
  for (const Error& problem : proposal.problems) {
    EXPECT_FALSE(problem.cure.empty());
    EXPECT_EQ(problem.message().find('\n'), std::string::npos);
  }
}

TEST_F(FilesUpstreamTest, AFolderSwappedForALinkIsNotFollowed) {
  use_drop_folder();
  drop("folder/file", "plain!");
  poll().value();
  clock_.now += settings_.settle;
  write(folder_ / "secret/file", "secret");
  DropFolder drop_folder({.folder = settings_.drop_folder, .name = settings_.collection},
                         posix_file_system(), clock_);
  const FileState state = drop_folder.scan().value().present.at("folder/file");
  std::filesystem::remove_all(settings_.drop_folder / "folder");
  std::filesystem::create_directory_symlink(folder_ / "secret", settings_.drop_folder / "folder");
  EXPECT_EQ(drop_folder.take("folder/file", state, folder_ / "work", {}).error().code,
            ErrorCode::kRefused);
}

TEST_F(FilesUpstreamTest, MovesToDoneOnlyWhatWasShipped) {
  use_drop_folder();
  settings_.done_folder = folder_ / "done";
  drop("deep/a", "hello");
  commits_ = false;  // the shipment is lost before it is durable
  EXPECT_EQ(settled_poll().records.size(), 1U);
  EXPECT_EQ(poll().value().records.size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(settings_.drop_folder / "deep/a"));
  commits_ = true;
  EXPECT_EQ(poll().value().records.size(), 1U);
  EXPECT_TRUE(poll().value().records.empty());
  EXPECT_FALSE(std::filesystem::exists(settings_.drop_folder / "deep/a"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "done/deep/a"));
  drop("deep/a", "again");
  EXPECT_EQ(settled_poll().records.size(), 1U);
}

TEST_F(FilesUpstreamTest, DoesNotTryARefusedFileAgainUntilItChanges) {
  use_drop_folder();
  drop("a", "hello");
  intake_.refusal = Error{ErrorCode::kRefused, "a", "policy", "change it"};
  EXPECT_EQ(settled_poll().problems.size(), 1U);
  EXPECT_TRUE(settled_poll().problems.empty());
  intake_.refusal.reset();
  drop("a", "hello again");
  EXPECT_EQ(settled_poll().records.size(), 1U);
}

TEST_F(FilesUpstreamTest, EndsThePollWhenTheDiskIsFull) {
  use_drop_folder();
  drop("a", "hello");
  poll().value();
  clock_.now += settings_.settle;
  intake_.refusal = Error{ErrorCode::kExhausted, "spool", "the disk is full", ""};
  EXPECT_EQ(poll().error().code, ErrorCode::kExhausted);
  intake_.refusal.reset();
  EXPECT_EQ(poll().value().records.size(), 1U);
}

TEST_F(FilesUpstreamTest, SaysWhenTheFolderOrTheListIsGone) {
  settings_.drop_folder = folder_ / "none";
  EXPECT_EQ(poll().error().code, ErrorCode::kNotFound);
  upstream_.reset();
  settings_.drop_folder.clear();
  settings_.url_list = folder_ / "none";
  EXPECT_EQ(poll().error().code, ErrorCode::kNotFound);
}

TEST_F(FilesUpstreamTest, FetchesTheListOnceAndWithdrawsWhatGoesFromIt) {
  server_.answer("/a", {{.body = "hello"}});
  server_.answer("/b", {{.body = "other"}});
  const std::string a = hex("hello") + "  " + server_.uri("/a") + "\n";
  const std::string b = hex("other") + "  " + server_.uri("/b") + " deep/b\n";
  use_list(a + b);
  EXPECT_EQ(documents(poll().value()), (Names{"tools/a", "tools/deep/b"}));
  EXPECT_EQ(intake_.expected.at("a").digests.at(0).hex(), hex("hello"));
  EXPECT_TRUE(poll().value().records.empty());
  EXPECT_EQ(server_.all_requests().size(), 2U);

  write(settings_.url_list, b + "garbage\n");  // nothing is withdrawn by a list with a mistake
  const Proposal mistaken = poll().value();
  EXPECT_TRUE(mistaken.records.empty());
  EXPECT_EQ(mistaken.problems.size(), 1U);

  write(settings_.url_list, b);
  const Proposal withdrawn = poll().value();
  EXPECT_EQ(documents(withdrawn), Names{"-tools/a"});
  EXPECT_TRUE(withdrawn.records[0].body().empty());
  EXPECT_TRUE(poll().value().records.empty());

  write(settings_.url_list, a + b);  // held already
  EXPECT_EQ(documents(poll().value()), Names{"tools/a"});
  EXPECT_EQ(server_.all_requests().size(), 2U);
}

TEST_F(FilesUpstreamTest, NamesEachFileOfTheListThatFails) {
  server_.answer("/good", {{.body = "hello"}});
  server_.answer("/lies", {{.body = "something else"}});
  use_list(hex("hello") + "  " + server_.uri("/good") + "\n" + hex("hello2") + "  " +
           server_.uri("/lies") + "\n" + hex("hello3") + "  " + server_.uri("/gone") + "\n" +
           server_.uri("/unpinned") + "\n");
  const Proposal proposal = poll().value();
  EXPECT_EQ(documents(proposal), Names{"tools/good"});
  ASSERT_EQ(proposal.problems.size(), 3U);
  EXPECT_TRUE(server_.requests("/unpinned").empty());

  server_.answer("/gone", {{.body = "hello3"}});  // tried again at the next poll
  EXPECT_EQ(documents(poll().value()), Names{"tools/gone"});
}

TEST_F(FilesUpstreamTest, FetchesWhatAChecksumFileNamesFromBesideIt) {
  settings_.checksums = {server_.uri("/models/v1/SHA256SUMS?x=1")};
  settings_.exclude = {"*.zip"};
  server_.answer(
      "/models/v1/SHA256SUMS",
      {{.body = hex("hello") + "  a b.bin\n" + hex("other") + " *./deep/b.bin\n" +
                "SHA256 (c.bin) = " + hex("third") + "\n" + hex("left out") + "  d.zip\n",
        .headers = {{"ETag", "\"1\""}}}});
  server_.answer("/models/v1/a%20b.bin", {{.body = "hello"}});
  server_.answer("/models/v1/deep/b.bin", {{.body = "other"}});
  server_.answer("/models/v1/c.bin", {{.body = "third"}});
  EXPECT_EQ(documents(poll().value()), (Names{"tools/a b.bin", "tools/c.bin", "tools/deep/b.bin"}));
  EXPECT_EQ(intake_.expected.at("c.bin").digests.at(0).hex(), hex("third"));

  server_.answer("/models/v1/SHA256SUMS", {{.status = 304}});
  EXPECT_TRUE(poll().value().records.empty());
  EXPECT_EQ(server_.requests("/models/v1/SHA256SUMS").back().header("if-none-match"), "\"1\"");

  server_.answer("/models/v1/c.bin", {{.body = "fourth"}});
  server_.answer("/models/v1/SHA256SUMS", {{.body = hex("fourth") + "  c.bin\n"}});
  EXPECT_EQ(documents(poll().value()), Names{"tools/c.bin"}) << "what it names no more stays";
}

TEST_F(FilesUpstreamTest, AChecksumFileThatIsGoneOrHostileBringsNothingElse) {
  settings_.checksums = {server_.uri("/gone"), server_.uri("/SHA512SUMS")};
  server_.answer("/SHA512SUMS",
                 {{.body = hex("x") + "  ../../etc/passwd\n" + hex("x") + "  /etc/passwd\n" +
                           "garbage\n" + hex("x") + "  http://127.0.0.1/other\n" + hex("good") +
                           "  good\n" + hex("lie") + "  lie\n"}});
  server_.answer("/good", {{.body = "good"}});
  server_.answer("/lie", {{.body = "another"}});
  const Proposal proposal = poll().value();
  EXPECT_EQ(documents(proposal), Names{"tools/good"});
  EXPECT_EQ(proposal.problems.size(), 6U);
  for (const Error& problem : proposal.problems) {
    EXPECT_FALSE(problem.cause.empty()) << problem.message();
  }
}

TEST_F(FilesUpstreamTest, APathOfTheListIsNotTakenFromTheDropFolder) {
  server_.answer("/a", {{.body = "hello"}});
  use_list(hex("hello") + "  " + server_.uri("/a") + "\n");
  use_drop_folder();
  drop("a", "another");
  EXPECT_EQ(documents(poll().value()), Names{"tools/a"});
  clock_.now += settings_.settle;
  const Proposal proposal = poll().value();
  EXPECT_TRUE(proposal.records.empty());
  EXPECT_EQ(proposal.problems.size(), 1U);
}

TEST_F(FilesUpstreamTest, RefusesAStateItCannotRead) {
  use_list("");
  for (const std::string bad : {"{", "[]", "{\"version\":2}", "{\"version\":1,\"listed\":3}"}) {
    cursor_ = bad;
    EXPECT_EQ(poll().error().code, ErrorCode::kInvalid) << bad;
  }
}

TEST_F(FilesUpstreamTest, LinesOfARequestAreListedAndWithdrawNothing) {
  server_.answer("/a", {{.body = "aaa"}});
  server_.answer("/b", {{.body = "bb"}});
  use_list(hex("aaa") + "  " + server_.uri("/a") + "\n");
  ASSERT_EQ(documents(poll().value()), Names{"tools/a"});
  settings_.url_list.clear();
  settings_.lines = {hex("bb") + "  " + server_.uri("/b"), "garbage"};
  upstream_.reset();
  PollContext context{*fetcher_, intake_, cursor_, folder_ / "work", stop_.get_token(), {}};
  context.list_closure = true;
  upstream_ = std::make_unique<FilesUpstream>(settings_, posix_file_system(), clock_);
  const Proposal proposal = upstream_->poll(context).value();
  EXPECT_EQ(documents(proposal), Names{"tools/b"});
  ASSERT_EQ(proposal.closure.size(), 1U);
  EXPECT_EQ(proposal.closure[0].document(), "tools/b");
  EXPECT_EQ(proposal.closure[0].sha256(), as_text(sha256(as_bytes("bb")).bytes()));
  EXPECT_EQ(proposal.closure[0].size(), 2U);
  EXPECT_EQ(proposal.problems.size(), 1U);
}

}  // namespace
}  // namespace sluice::low
