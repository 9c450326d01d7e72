#include <gtest/gtest.h>

#include "common/service/client.h"
#include "common/service/event_line.h"

namespace sluice::service {
namespace {

TEST(StatusText, ShowsValuesSectionsAndTables) {
  EXPECT_EQ(status_text(R"({"program":"sluice-low","up_seconds":5,"tags":["a","b"],)"
                        R"("link":{"rate":1000,"peer":null},)"
                        R"("sources":[{"name":"npm","done":3},{"name":"größe","total":10}]})"),
            "  program     sluice-low\n"
            "  up seconds  5\n"
            "  tags        a, b\n"
            "\n"
            "link\n"
            "  rate  1000\n"
            "  peer  -\n"
            "\n"
            "sources\n"
            "  name   done  total\n"
            "  npm    3\n"
            "  größe        10\n");
}

TEST(StatusText, KeepsTheTerminalSafe) {
  EXPECT_EQ(status_text("{\"a\":\"x\\u001b[2Jy\"}"), "  a  x [2Jy\n");
  EXPECT_EQ(status_text("no json"), "no json\n");
  EXPECT_EQ(status_text("[1]"), "[1]\n");
}

TEST(EventLines, AreThereHoweverTheStreamIsCut) {
  const std::string stream =
      ": comment\n\nid: 5-1\ndata: {\"time\":\"T\",\"level\":\"info\",\"event\":\"a.b\","
      "\"fields\":{\"k\":\"v\"}}\n\nid: 5-2\ndata: not json\n\n";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    std::vector<std::string> lines;
    EventLines parser([&lines](std::string_view line) {
      lines.emplace_back(line);
      return true;
    });
    EXPECT_TRUE(parser.take(stream.substr(0, cut)));
    EXPECT_TRUE(parser.take(stream.substr(cut)));
    EXPECT_EQ(lines, (std::vector<std::string>{"T info a.b k=v", "not json"}));
    EXPECT_EQ(parser.last_id(), "5-2");
  }
}

TEST(EventLines, StopWhenToldTo) {
  EventLines parser([](std::string_view) { return false; });
  EXPECT_FALSE(parser.take("data: {}\n\ndata: {}\n\n"));
}

TEST(EventLines, ForgetWhatNeverEnds) {
  int count = 0;
  EventLines parser([&count](std::string_view) { return ++count > 0; });
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(parser.take(std::string(100'000, 'x')));
  }
  EXPECT_TRUE(parser.take("\n\ndata: {}\n\n"));
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace sluice::service
