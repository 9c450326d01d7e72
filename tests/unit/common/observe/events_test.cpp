#include "common/observe/events.h"

#include <gtest/gtest.h>

#include "common/observe/text.h"

namespace sluice::observe {
namespace {

Event event(std::vector<std::pair<std::string, std::string>> fields) {
  return {.id = 7,
          .time = from_unix_micros(1'000'000'000'123'456),
          .level = Level::kNotice,
          .name = "shipment.published",
          .fields = std::move(fields)};
}

TEST(Event, BecomesOneLineOfJson) {
  EXPECT_EQ(to_json(event({{"shipment", "lab-low/17"}, {"note", "a \"b\"\n"}})),
            R"({"id":7,"time":"2001-09-09T01:46:40.123456Z","level":"notice",)"
            R"("event":"shipment.published","fields":{"shipment":"lab-low/17",)"
            R"("note":"a \"b\"\n"}})");
  EXPECT_TRUE(to_json(event({})).ends_with(R"("fields":{}})"));
}

TEST(Event, BecomesOneLineOfLogfmt) {
  EXPECT_EQ(to_logfmt(event({{"shipment", "lab-low/17"}, {"edition", "4"}, {"cause", "no space"}})),
            R"(shipment.published shipment=lab-low/17 edition=4 cause="no space")");
}

TEST(Text, SurvivesEveryByte) {
  EXPECT_EQ(json_string(std::string("a\0\x1f\x7f\\", 5)), R"("a\u0000\u001f\u007f\\")");
  EXPECT_EQ(json_string("ü€😀"), "\"ü€😀\"");
  // Not UTF-8: a lone continuation, an overlong slash, a surrogate, a cut character, above
  // U+10FFFF.
  EXPECT_EQ(json_string("\x80"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(json_string("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(json_string("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(json_string("x\xE2\x82"), "\"x\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(json_string("\xF4\x90\x80\x80").size(), 2U + 4U * 3U);
  EXPECT_EQ(logfmt_value(""), "\"\"");
  EXPECT_EQ(logfmt_value("plain/ü"), "plain/ü");
  EXPECT_EQ(logfmt_value("a=b"), "\"a=b\"");
  EXPECT_EQ(logfmt_value("a\nb\x01\xff\"\\"), R"("a\nb\x01\xff\"\\")");
}

class Recorder final : public EventSink {
 public:
  void emit(Level level, std::string_view name, Fields fields) override {
    last = {.id = 0, .time = {}, .level = level, .name = std::string(name), .fields = {}};
    for (auto& [key, value] : fields) {
      last.fields.emplace_back(key, value);
    }
  }
  Event last;
};

TEST(EventSink, TellsFailuresInFull) {
  Recorder recorder;
  recorder.failure(Level::kError, "fetch.failed",
                   {ErrorCode::kUnavailable, "left-pad", "timed out", "wait"}, {{"attempt", "3"}});
  EXPECT_EQ(recorder.last.level, Level::kError);
  EXPECT_EQ(
      to_logfmt(recorder.last),
      R"(fetch.failed thing=left-pad cause="timed out" cure=wait code=unavailable attempt=3)");
  recorder.failure(Level::kError, "x.failed", {ErrorCode::kIo, "", "broken", ""});
  EXPECT_EQ(to_logfmt(recorder.last), "x.failed cause=broken code=io");
}

TEST(ShipmentId, IsStreamAndSequence) {
  EXPECT_EQ(shipment_id("lab-low", ShipmentSequence(17)), "lab-low/17");
}

}  // namespace
}  // namespace sluice::observe
