#include "lowside/verify/quarantine_folder.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cerrno>
#include <fstream>

#include "tests/support/fake_fetcher.h"
#include "tests/support/sim_file_system.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

class QuarantineFolderTest : public testing::Test {
 protected:
  QuarantineFolderTest() { settings_.folder = folder_ / "quarantine"; }

  QuarantineFolder opened() const {
    return QuarantineFolder(settings_, posix_file_system(), clock_, counters_);
  }
  Result<std::filesystem::path> put(QuarantineFolder& quarantine, std::string_view content) {
    FetchRequest request;
    request.uri = "https://me:secret@registry.test/a.tgz";
    request.name = "a.tgz";
    return quarantine.take(Fetcher::fetched(folder_ / "a", content, request), "verify",
                           Error{ErrorCode::kIntegrity, "a.tgz", "the cause", "the cure"});
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    posix_file_system()
        .list_files(settings_.folder, [&](const std::string& name) { names.push_back(name); })
        .value();
    std::sort(names.begin(), names.end());
    return names;
  }

  test::TemporaryFolder folder_;
  QuarantineSettings settings_;
  SystemClock clock_;
  mutable observe::Counters counters_;
};

TEST_F(QuarantineFolderTest, KeepsTheFileWithANote) {
  QuarantineFolder quarantine = opened();
  ASSERT_TRUE(quarantine.open());
  const auto path = put(quarantine, "hello").value();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a"));
  EXPECT_EQ(as_text(read_file(posix_file_system(), path, 100).value()), "hello");
  auto note_path = path;
  const auto note = read_file(posix_file_system(), note_path.replace_extension(".json"), 4096);
  const boost::json::object json = boost::json::parse(as_text(note.value())).as_object();
  EXPECT_EQ(json.at("name").as_string(), "a.tgz");
  EXPECT_EQ(json.at("origin").as_string(), "https://registry.test/a.tgz");
  EXPECT_EQ(json.at("stage").as_string(), "verify");
  EXPECT_EQ(json.at("cause").as_string(), "the cause");
  EXPECT_EQ(json.at("cure").as_string(), "the cure");
  EXPECT_EQ(json.at("size").as_int64(), 5);
  EXPECT_EQ(json.at("digests").as_array().at(0).as_string(),
            Digest(sha256(as_bytes("hello"))).to_string());
  EXPECT_EQ(counters_.get(observe::Metric::kQuarantinedFiles), 1U);
}

TEST_F(QuarantineFolderTest, DropsTheOldestWhenThereAreTooMany) {
  settings_.max_files = 2;
  QuarantineFolder quarantine = opened();
  ASSERT_TRUE(quarantine.open());
  const auto first = put(quarantine, "1").value();
  const auto second = put(quarantine, "2").value();
  const auto third = put(quarantine, "3").value();
  EXPECT_FALSE(std::filesystem::exists(first));
  EXPECT_TRUE(std::filesystem::exists(second));
  EXPECT_TRUE(std::filesystem::exists(third));
  EXPECT_EQ(names().size(), 4U);
  EXPECT_EQ(counters_.get(observe::Metric::kQuarantineDropped), 1U);
}

TEST_F(QuarantineFolderTest, DropsTheOldestWhenTheyAreTooLarge) {
  settings_.max_bytes = 10;
  QuarantineFolder quarantine = opened();
  ASSERT_TRUE(quarantine.open());
  const auto first = put(quarantine, "123456").value();
  const auto second = put(quarantine, "12345").value();
  EXPECT_FALSE(std::filesystem::exists(first));
  EXPECT_TRUE(std::filesystem::exists(second));
  const auto too_large = put(quarantine, "12345678901").value();
  EXPECT_FALSE(std::filesystem::exists(too_large));
  EXPECT_TRUE(names().empty());
}

TEST_F(QuarantineFolderTest, RemovesNotesThatACrashLeft) {
  {
    QuarantineFolder quarantine = opened();
    ASSERT_TRUE(quarantine.open());
    ASSERT_TRUE(put(quarantine, "1"));
  }
  const auto before = names();
  for (const char* left :
       {"00000000000000000001-000000.json", "00000000000000000002-000000.json.new"}) {
    std::ofstream(settings_.folder / left) << "{";
  }
  QuarantineFolder quarantine = opened();
  ASSERT_TRUE(quarantine.open());
  EXPECT_EQ(names(), before);
}

TEST_F(QuarantineFolderTest, RemembersWhatIsThereOverARestart) {
  {
    QuarantineFolder quarantine = opened();
    ASSERT_TRUE(quarantine.open());
    ASSERT_TRUE(put(quarantine, "123456"));
    ASSERT_TRUE(put(quarantine, "123456"));
  }
  settings_.max_bytes = 13;
  QuarantineFolder quarantine = opened();
  ASSERT_TRUE(quarantine.open());
  EXPECT_EQ(names().size(), 4U);
  ASSERT_TRUE(put(quarantine, "12"));
  EXPECT_EQ(names().size(), 4U);
}

TEST_F(QuarantineFolderTest, AFaultOfTheDiskLosesNoFileAndPassesByItself) {
  FetchRequest request;
  request.name = "a.tgz";
  const FetchedFile fetched = Fetcher::fetched(folder_ / "a", "hello", request);
  const Error why{ErrorCode::kIntegrity, "a.tgz", "the cause", "the cure"};
  std::uint64_t points = 0;  // as far as a run has come
  for (const int number : {ENOSPC, EIO}) {
    for (const bool stays : {false, true}) {
      for (std::uint64_t point = 0; point <= points; ++point) {
        SCOPED_TRACE(std::to_string(number) + " at " + std::to_string(point));
        test::FaultPlan plan;
        test::SimFileSystem files(plan);
        const auto put = [&](QuarantineFolder& quarantine) {
          files.create_directories(folder_.path()).value();
          files.open_for_writing(folder_ / "a").value()->write_at(0, as_bytes("hello")).value();
          plan.clear();
          stays ? plan.fail_from(point, number) : plan.fail_at(point, number);
          auto taken = quarantine.take(fetched, "verify", why);
          points = std::max(points, plan.count());
          plan.clear();
          return taken;
        };
        QuarantineFolder quarantine(settings_, files, clock_, counters_);
        ASSERT_TRUE(quarantine.open());
        const auto taken = put(quarantine);
        if (!taken) {
          EXPECT_EQ(taken.error().code, number == EIO ? ErrorCode::kIo : ErrorCode::kExhausted);
        }
        std::size_t held = 0;
        for (const auto& path : files.files_below("/")) {
          held += path.extension() == ".file" || path.filename() == "a" ? 1 : 0;
        }
        EXPECT_EQ(held, 1U);
        QuarantineFolder again(settings_, files, clock_, counters_);
        ASSERT_TRUE(again.open());
        files.open_for_writing(folder_ / "a").value()->write_at(0, as_bytes("hello")).value();
        EXPECT_TRUE(again.take(fetched, "verify", why));
      }
    }
  }
  EXPECT_GT(points, 4U);
}

}  // namespace
}  // namespace sluice::low
