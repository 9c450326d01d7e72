#include "highside/wanted/wanted_list.h"

#include <gmock/gmock.h>

#include "highside/pipeline/miss.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_store.h"

namespace sluice::high {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;

http::Response missing(const std::string& name, const std::string& version = "") {
  return with_miss(http::error_response(404, name), {"npm", name, version});
}

http::Request asked(const std::string& target, const std::string& agent = "npm/9.2.0 node/v18") {
  http::Request request;
  request.method = "GET";
  request.target = target;
  request.headers = {{"User-Agent", agent}};
  return request;
}

class WantedListTest : public testing::Test {
 protected:
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Wanted& wanted : list_.packages()) {
      names.push_back(wanted.package);
    }
    return names;
  }
  void want(const std::string& name, const std::string& agent = "npm/9.2.0") {
    list_.note(asked("/npm/" + name, agent), missing(name));
  }

  test::MemoryStore index_;
  test::ManualClock clock_;
  WantedList list_{index_, clock_};
};

TEST_F(WantedListTest, CountsByPackageAndNamesTheClients) {
  want("left-pad");
  clock_.advance(1h);
  want("left-pad", "pnpm/8.1 npm/? node/v18");
  want("left-pad", "pnpm/8.1");
  want("is-odd");
  ASSERT_THAT(names(), ElementsAre("pkg:npm/left-pad", "pkg:npm/is-odd"));
  const Wanted wanted = list_.packages().front();
  EXPECT_EQ(wanted.times, 3);
  EXPECT_EQ(wanted.last - wanted.first, 1h);
  EXPECT_THAT(wanted.clients, ElementsAre("npm/9.2.0", "pnpm/8.1"));
}

TEST_F(WantedListTest, TakesNothingButMisses) {
  list_.note(asked("/npm/there"), http::json_response("{}"));
  list_.note(asked("/favicon.ico"), http::error_response(404, "no such page"));
  list_.note(asked("/npm/damaged"),
             with_miss(http::error_response(503, "damaged"), {"npm", "damaged", ""}));
  EXPECT_EQ(list_.size(), 0);
}

TEST_F(WantedListTest, WhatClientsSayIsCutToWhatCanBeShown) {
  want("a", "npm/1\x1b[2J");
  want("b", std::string(1000, 'x'));
  want("c", "");
  want(std::string(WantedList::kMaxPackageBytes, 'd'));
  for (int i = 0; i < 100; ++i) {
    want("e", "client/" + std::to_string(i));
  }
  ASSERT_THAT(list_.packages(), SizeIs(4));
  for (const Wanted& wanted : list_.packages()) {
    if (wanted.package == "pkg:npm/a") {
      EXPECT_THAT(wanted.clients, ElementsAre("npm/1"));
    } else if (wanted.package == "pkg:npm/b") {
      EXPECT_THAT(wanted.clients, ElementsAre(std::string(WantedList::kMaxClientBytes, 'x')));
    } else if (wanted.package == "pkg:npm/c") {
      EXPECT_THAT(wanted.clients, SizeIs(0));
    } else {
      EXPECT_THAT(wanted.clients, SizeIs(WantedList::kMaxClients));
    }
  }
}

TEST_F(WantedListTest, ForgetsWhatIsThereByNow) {
  want("left-pad");
  want("is-odd");
  std::vector<std::string> again;
  list_.forget_held([&](const http::Request& request) {
    again.push_back(request.method + " " + request.path);
    return request.path == "/npm/left-pad" ? http::json_response("{}") : missing("is-odd");
  });
  EXPECT_THAT(again, testing::UnorderedElementsAre("HEAD /npm/left-pad", "HEAD /npm/is-odd"));
  EXPECT_THAT(names(), ElementsAre("pkg:npm/is-odd"));
  WantedList later(index_, clock_);
  ASSERT_TRUE(later.load());
  EXPECT_EQ(later.size(), 1);
}

TEST_F(WantedListTest, SurvivesARestart) {
  {
    WantedList before(index_, clock_);
    ASSERT_TRUE(before.load());
    before.note(asked("/npm/@types%2fnode/20.1.0"), missing("@types/node", "20.1.0"));
    before.note(asked("/npm/@types%2fnode/20.1.0"), missing("@types/node", "20.1.0"));
  }
  ASSERT_TRUE(list_.load());
  ASSERT_THAT(names(), ElementsAre("pkg:npm/%40types/node@20.1.0"));
  const Wanted wanted = list_.packages().front();
  EXPECT_EQ(wanted.times, 2);
  EXPECT_EQ(wanted.target, "/npm/@types%2fnode/20.1.0");
  EXPECT_EQ(wanted.first, clock_.utc_now());
  EXPECT_THAT(wanted.clients, ElementsAre("npm/9.2.0"));
}

TEST_F(WantedListTest, IsWrittenOnceASecond) {
  want("a");
  want("b");
  clock_.advance(WantedList::kSaveEvery);
  want("c");
  want("d");
  WantedList crashed(index_, clock_);
  ASSERT_TRUE(crashed.load());
  EXPECT_EQ(crashed.size(), 3) << "a at once, b and c a second later, d is lost";
}

TEST_F(WantedListTest, WhenItIsFullWhatWasWantedLeastGoes) {
  want("often");
  want("often");
  for (std::size_t i = 1; i < WantedList::kMaxPackages; ++i) {
    clock_.advance(1ms);
    want("once-" + std::to_string(i));
  }
  clock_.advance(1ms);
  want("new");
  EXPECT_EQ(list_.size(), WantedList::kMaxPackages);
  const auto kept = names();
  EXPECT_EQ(kept.front(), "pkg:npm/often");
  EXPECT_THAT(kept, testing::Contains("pkg:npm/new"));
  EXPECT_THAT(kept, testing::Not(testing::Contains("pkg:npm/once-1")));
}

TEST_F(WantedListTest, AHandlerNotesWhatItsMirrorsDoNotHave) {
  const auto handler = note_misses([](const http::Request&) { return missing("left-pad"); }, list_);
  EXPECT_EQ(handler(asked("/npm/left-pad")).status, 404);
  EXPECT_THAT(names(), ElementsAre("pkg:npm/left-pad"));
}

}  // namespace
}  // namespace sluice::high
