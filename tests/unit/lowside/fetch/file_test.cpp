#include <set>
#include <thread>

#include "common/base/hasher.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/sim_file_system.h"
#include "tests/unit/lowside/fetch/fetcher_fixture.h"

namespace sluice::low {
namespace {

using observe::Metric;

std::string long_text(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) {
    text += std::to_string(i) + ",";
  }
  text.resize(size);
  return text;
}

class FetchFile : public FetcherTest {
 protected:
  const std::string text_ = long_text(300'000);

  // The server closes after `after` bytes and is not asked again.
  void break_off(const std::string& path, const std::string& etag, std::size_t after) {
    const unsigned attempts = std::exchange(settings_.attempts, 1);
    server_.answer(path, {{.body = text_, .etag = etag, .cut_after = after}});
    EXPECT_EQ(file(path).error().code, ErrorCode::kUnavailable);
    restart();
    settings_.attempts = attempts;
  }
};

TEST_F(FetchFile, HashesWhatItStores) {
  server_.answer("/f", {{.body = text_}});
  FetchRequest request = this->request("/f");
  request.digests = {DigestAlgorithm::kSha512, DigestAlgorithm::kGitBlobSha1};
  request.expected_size = text_.size();
  const FetchedFile file = this->file(request).value();
  EXPECT_EQ(content(file), text_);
  EXPECT_EQ(file.size(), text_.size());
  ASSERT_EQ(file.digests().size(), 3U);
  EXPECT_EQ(file.digests()[0], Digest(sha256(as_bytes(text_))));
  EXPECT_EQ(file.digests()[1], hash(DigestAlgorithm::kSha512, as_bytes(text_)));
  EXPECT_EQ(file.digests()[2], hash(DigestAlgorithm::kGitBlobSha1, as_bytes(text_)));
  EXPECT_EQ(file.request().name, "/f");
  EXPECT_EQ(server_.requests("/f").at(0).header("accept-encoding"), "");
  EXPECT_EQ(count(Metric::kFetchedFiles), 1U);
  EXPECT_EQ(count(Metric::kFetchedBytes), text_.size());
  EXPECT_EQ(files_in_folder(".part") + files_in_folder(".json"), 0U);
}

// A token that is good for minutes ages while gigabytes come.
TEST_F(FetchFile, KeepsWhatHasComeWhenATokenHasAged) {
  server_.answer("/f", {{.body = text_, .etag = "\"1\"", .cut_after = 200'000}, {.status = 401}});
  const auto refused = file("/f");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is_unauthorized(refused.error()));
  server_.answer("/f", {{.body = text_, .etag = "\"1\""}});
  EXPECT_EQ(content(file("/f").value()), text_);
  EXPECT_EQ(server_.requests("/f").back().header("range"), "bytes=200000-");
}

TEST_F(FetchFile, TakesAnEmptyFile) {
  server_.answer("/f", {{.body = ""}});
  const FetchedFile file = this->file("/f").value();
  EXPECT_EQ(file.size(), 0U);
  EXPECT_EQ(content(file), "");
}

TEST_F(FetchFile, AsksOnlyForTheRestWhenItBreaksOff) {
  server_.answer("/f", {{.body = text_, .etag = "\"1\"", .cut_after = 100'000},
                        {.body = text_, .etag = "\"1\""}});
  EXPECT_EQ(content(file("/f").value()), text_);
  const auto requests = server_.requests("/f");
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].header("range"), "");
  EXPECT_EQ(requests[1].header("range"), "bytes=100000-");
  EXPECT_EQ(requests[1].header("if-range"), "\"1\"");
  EXPECT_EQ(count(Metric::kFetchResumes), 1U);
  EXPECT_EQ(count(Metric::kFetchedBytes), text_.size());
}

TEST_F(FetchFile, AsksOnlyForTheRestAfterARestart) {
  break_off("/f", "\"1\"", 100'000);
  EXPECT_EQ(files_in_folder(".part"), 1U);
  server_.answer("/f", {{.body = text_, .etag = "\"1\""}});
  const FetchedFile file = this->file("/f").value();
  EXPECT_EQ(content(file), text_);
  EXPECT_EQ(file.digests()[0], Digest(sha256(as_bytes(text_))));
  EXPECT_EQ(server_.requests("/f").back().header("range"), "bytes=100000-");
  EXPECT_EQ(count(Metric::kFetchedBytes), text_.size());
}

TEST_F(FetchFile, StartsAfreshWhenTheFileHasChanged) {
  break_off("/f", "\"1\"", 100'000);
  const std::string other = long_text(200'000) + "other";
  server_.answer("/f", {{.body = other, .etag = "\"2\""}});
  const FetchedFile file = this->file("/f").value();
  EXPECT_EQ(content(file), other);
  EXPECT_EQ(file.digests()[0], Digest(sha256(as_bytes(other))));
  EXPECT_EQ(server_.requests("/f").back().header("if-range"), "\"1\"");
}

TEST_F(FetchFile, StartsAfreshWithoutAValidator) {
  server_.answer("/f", {{.body = text_, .cut_after = 1000}, {.body = text_}});
  EXPECT_EQ(content(file("/f").value()), text_);
  server_.answer("/weak", {{.body = text_, .etag = "W/\"1\"", .cut_after = 1000}, {.body = text_}});
  EXPECT_EQ(content(file("/weak").value()), text_);
  EXPECT_EQ(server_.requests("/f").at(1).header("range"), "");
  EXPECT_EQ(server_.requests("/weak").at(1).header("range"), "");
}

TEST_F(FetchFile, StartsAfreshWhenTheServerHasNoRanges) {
  server_.answer("/f", {{.body = text_, .etag = "\"1\"", .cut_after = 1000},
                        {.body = text_, .etag = "\"1\"", .ranges = false}});
  EXPECT_EQ(content(file("/f").value()), text_);
}

TEST_F(FetchFile, StartsAfreshWhenTheRestIsRefusedOrAnotherRangeComes) {
  server_.answer("/416", {{.body = text_, .etag = "\"1\"", .cut_after = 1000},
                          {.status = 416},
                          {.body = text_, .etag = "\"1\""}});
  EXPECT_EQ(content(file("/416").value()), text_);
  EXPECT_EQ(server_.requests("/416").at(2).header("range"), "");

  server_.answer("/range", {{.body = text_, .etag = "\"1\"", .cut_after = 1000},
                            {.status = 206,
                             .body = text_.substr(999),
                             .headers = {{"Content-Range", "bytes 999-299999/300000"}}},
                            {.body = text_, .etag = "\"1\""}});
  EXPECT_EQ(content(file("/range").value()), text_);
  EXPECT_EQ(server_.requests("/range").at(2).header("range"), "");
}

TEST_F(FetchFile, KeepsOnAsLongAsSomethingNewComes) {
  std::vector<test::Answer> script;  // 300 000 bytes in pieces of 70 000, with 3 attempts
  for (int i = 0; i < 4; ++i) {
    script.push_back({.body = text_, .etag = "\"1\"", .cut_after = 70'000});
  }
  script.push_back({.body = text_, .etag = "\"1\""});
  server_.answer("/f", script);
  EXPECT_EQ(content(file("/f").value()), text_);
  EXPECT_EQ(server_.requests("/f").size(), 5U);
}

TEST_F(FetchFile, KeepsItsPartWhenStopped) {
  server_.answer("/f", {{.body = text_, .etag = "\"1\"", .cut_after = 100'000, .hang = true}});
  std::jthread stopper([&] {
    while (count(Metric::kFetchedBytes) < 100'000) {
      std::this_thread::yield();
    }
    stop_.request_stop();
  });
  EXPECT_EQ(file("/f").error().code, ErrorCode::kCancelled);
  stop_ = std::stop_source();
  restart();
  server_.answer("/f", {{.body = text_, .etag = "\"1\""}});
  EXPECT_EQ(content(file("/f").value()), text_);
  EXPECT_EQ(server_.requests("/f").back().header("range"), "bytes=100000-");
}

TEST_F(FetchFile, CatchesLiesAboutTheLength) {
  FetchRequest request = this->request("/f");
  request.expected_size = text_.size();
  server_.answer("/f", {{.body = text_ + "more"}});
  EXPECT_EQ(file(request).error().code, ErrorCode::kIntegrity);
  server_.answer("/f", {{.body = text_ + "more", .without_length = true}});
  EXPECT_EQ(file(request).error().code, ErrorCode::kIntegrity);
  server_.answer("/f", {{.body = "less", .without_length = true}});
  EXPECT_EQ(file(request).error().code, ErrorCode::kIntegrity);
  EXPECT_EQ(count(Metric::kFetchWrongSize), 3U);
  // More is claimed than comes: broken off, and tried again.
  server_.answer("/g", {{.body = text_, .claimed_length = text_.size() + 5}});
  EXPECT_EQ(file("/g").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(server_.requests("/g").size(), 3U);
  EXPECT_EQ(files_in_folder(".fetched"), 0U);
}

TEST_F(FetchFile, StopsAtTheSizeLimit) {
  FetchRequest request = this->request("/f");
  request.size_limit = text_.size() - 1;
  server_.answer("/f", {{.body = text_}});
  EXPECT_EQ(file(request).error().code, ErrorCode::kRefused);
  EXPECT_EQ(count(Metric::kFetchedBytes), 0U);  // known from Content-Length
  request.uri = server_.uri("/endless");
  server_.answer("/endless", {{.body = std::string(70'000, 'x'), .endless = true}});
  EXPECT_EQ(file(request).error().code, ErrorCode::kRefused);
  request.expected_size = text_.size();
  request.uri = server_.uri("/unasked");
  EXPECT_EQ(file(request).error().code, ErrorCode::kRefused);
  EXPECT_TRUE(server_.requests("/unasked").empty());
  EXPECT_EQ(files_in_folder(""), 0U);
}

TEST_F(FetchFile, NeedsTheSizeForAGitDigest) {
  FetchRequest request = this->request("/f");
  request.digests = {DigestAlgorithm::kGitBlobSha1};
  EXPECT_EQ(file(request).error().code, ErrorCode::kInvalid);
}

TEST_F(FetchFile, FetchesTheSameFileTwiceAtOnce) {
  server_.answer("/f", {{.body = text_}});
  std::set<std::filesystem::path> paths;
  fetcher().files({request("/f"), request("/f")}, stop_.get_token(),
                  [&](std::size_t, const Result<FetchedFile>& one) {
                    EXPECT_EQ(content(*one), text_);
                    paths.insert(one->path().value());
                  });
  EXPECT_EQ(paths.size(), 2U);
}

TEST_F(FetchFile, TidiesUpAtTheStart) {
  break_off("/f", "\"1\"", 1000);
  std::filesystem::copy(settings_.folder, folder_ / "copy");
  for (const std::string name : {"7.fetched", "abc.part", "abcd.json"}) {
    ASSERT_TRUE(write_file_durably(*files_, settings_.folder / name, as_bytes("{}")));
  }
  fetcher();
  EXPECT_EQ(files_in_folder(""), 2U);  // the part and its note
  restart();
  settings_.part_lifetime = std::chrono::hours(0);
  fetcher();
  EXPECT_EQ(files_in_folder(""), 0U);
}

TEST_F(FetchFile, KeepsItsPartWhenTheDiskIsFull) {
  test::FaultPlan plan;
  std::filesystem::create_directory(folder_ / "scratch");
  test::FaultyFileSystem disk(plan, folder_ / "scratch");
  files_ = &disk;
  fetcher();
  plan.clear();
  plan.fail_at(12, ENOSPC);  // the part, its note and a few writes fit
  server_.answer("/f", {{.body = text_, .etag = "\"1\""}});
  const Error error = file("/f").error();
  EXPECT_EQ(error.code, ErrorCode::kExhausted);
  EXPECT_NE(error.cure.find("free space"), std::string::npos);
  EXPECT_EQ(server_.requests("/f").size(), 1U);
  EXPECT_EQ(count(Metric::kSpoolDiskFull), 1U);

  plan.clear();
  EXPECT_EQ(content(file("/f").value()), text_);
  const std::string range = server_.requests("/f").back().header("range");
  EXPECT_TRUE(range.starts_with("bytes=") && range != "bytes=0-") << range;
  restart();
}

TEST_F(FetchFile, AFaultOfTheDiskAtAnyPointCostsOnlyTime) {
  test::FaultPlan plan;
  test::SimFileSystem disk(plan);
  files_ = &disk;
  settings_.folder = "/fetch";
  const auto answer = [&](const std::string& path) {
    server_.answer(path, {{.body = text_, .etag = "\"1\""}});
  };
  answer("/whole");
  fetcher();
  plan.clear();
  ASSERT_EQ(content(file("/whole").value()), text_);
  const std::uint64_t changes = plan.count();
  const std::uint64_t reads = plan.reads().size();
  ASSERT_GT(changes, 5U);
  int runs = 0;
  const auto survives = [&](const std::function<void()>& set) {
    const std::string path = "/" + std::to_string(++runs);
    answer(path);
    plan.clear();
    set();
    const auto first = file(path);
    plan.clear();
    if (first) {
      EXPECT_EQ(content(*first), text_);
    } else {
      EXPECT_TRUE(first.error().code == ErrorCode::kExhausted ||
                  first.error().code == ErrorCode::kIo)
          << first.error().message();
      EXPECT_EQ(content(file(path).value()), text_);
    }
  };
  for (const int number : {ENOSPC, EIO, EMFILE}) {
    for (std::uint64_t at = 0; at < std::max(changes, reads); ++at) {
      SCOPED_TRACE(std::to_string(number) + " at " + std::to_string(at));
      survives([&] { plan.fail_at(at, number); });
      survives([&] { plan.fail_from(at, number); });
      survives([&] { plan.fail_read_at(at, number); });
      survives([&] { plan.fail_reads_from(at, number); });
    }
  }
  restart();
}

TEST_F(FetchFile, KeepsOnlySoManyParts) {
  settings_.kept_parts = 2;
  settings_.attempts = 1;
  for (const std::string path : {"/1", "/2", "/3", "/4"}) {
    server_.answer(path, {{.body = text_, .etag = "\"1\"", .cut_after = 1000}});
    EXPECT_FALSE(file(path));
  }
  restart();
  fetcher();
  EXPECT_EQ(files_in_folder(".part"), 2U);
  server_.answer("/4", {{.body = text_, .etag = "\"1\""}});
  EXPECT_TRUE(file("/4"));
  EXPECT_EQ(server_.requests("/4").back().header("range"), "bytes=1000-");
}

}  // namespace
}  // namespace sluice::low
