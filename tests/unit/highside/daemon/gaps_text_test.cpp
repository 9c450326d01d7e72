#include "highside/daemon/gaps_text.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <boost/json.hpp>

#include "common/wire/resend_code.h"
#include "highside/daemon/gaps_json.h"

namespace sluice::high {
namespace {

using testing::HasSubstr;
using testing::Not;

Gap gap(const std::string& stream, std::uint64_t first, std::uint64_t last, ShipmentState state,
        bool resendable = true) {
  Gap gap;
  gap.stream = stream;
  gap.first = ShipmentSequence(first);
  gap.last = ShipmentSequence(last);
  gap.state = state;
  gap.resendable = resendable;
  return gap;
}

std::string json_of(const std::vector<Gap>& gaps) {
  return boost::json::serialize(gaps_json(gaps));
}

std::string text_of(const std::vector<Gap>& gaps) { return gaps_text(json_of(gaps)).value(); }

TEST(GapsText, SaysThatThereAreNone) { EXPECT_EQ(text_of({}), "no gaps\n"); }

TEST(GapsText, EndsWithTheCommandForEachLowSide) {
  const std::string text = text_of({gap("lab", 3, 3, ShipmentState::kAnnounced),
                                    gap("other", 8, 8, ShipmentState::kNeverHeard),
                                    gap("lab", 5, 7, ShipmentState::kNeverHeard),
                                    gap("lab", 1, 2, ShipmentState::kNeedsBaseline, false)});
  EXPECT_THAT(text, HasSubstr("lab/5-7  never-heard\n"));
  EXPECT_THAT(text, HasSubstr("On the low side of lab: sluice-low resend 3,5-7\n"));
  EXPECT_THAT(text, HasSubstr("On the low side of other: sluice-low resend 8\n"));
}

TEST(GapsText, NamesWhatIsMissingAndAsksForNothingThatOnlyWaits) {
  Gap waiting = gap("lab", 4, 4, ShipmentState::kWaitingForAfter);
  waiting.missing = {{.digest = {}, .name = "a.tgz", .size = 2, .held = 1}};
  waiting.missing_blobs = 3;
  waiting.waits_for = {ShipmentSequence(2)};
  const std::string text = text_of({waiting});
  EXPECT_THAT(text, HasSubstr("a.tgz"));
  EXPECT_THAT(text, HasSubstr("and 2 more blobs"));
  EXPECT_THAT(text, HasSubstr("waits for 2"));
  EXPECT_THAT(text, Not(HasSubstr("resend")));
  EXPECT_THAT(codes_text(json_of({waiting})).value(), HasSubstr("nothing that the low side can"));
}

// What a code says is what the numbers beside it say.
TEST(GapsText, CodesNameTheSameShipments) {
  EXPECT_EQ(codes_text(json_of({})).value(), "no gaps\n");
  const std::string text = codes_text(json_of({gap("lab", 3, 3, ShipmentState::kAnnounced),
                                               gap("lab", 5, 7, ShipmentState::kNeverHeard)}))
                               .value();
  constexpr std::string_view kCommand = "On the low side of lab: sluice-low resend ";
  ASSERT_EQ(text.substr(0, kCommand.size()), kCommand);
  const auto read = wire::read_resend_code(text.substr(kCommand.size()), "lab");
  ASSERT_TRUE(read) << text;
  EXPECT_EQ(wire::to_text(*read), "3,5-7");
}

TEST(GapsText, SaysWhatCodesSendBesides) {
  std::vector<Gap> many;
  for (std::uint64_t i = 1; i <= 200; ++i) {
    many.push_back(gap("lab", 3 * i, 3 * i, ShipmentState::kNeverHeard));
  }
  const std::string text = codes_text(json_of(many)).value();
  EXPECT_LE(std::ranges::count(text, '\n'), static_cast<std::ptrdiff_t>(wire::kMaxCodes) + 1);
  EXPECT_THAT(text, HasSubstr("shipments of lab more than are missing"));
}

TEST(GapsText, NamesWhatItCannotRead) {
  for (const char* text : {"not json", R"({"gaps":[{}]})"}) {
    EXPECT_EQ(gaps_text(text).error().thing, "/gaps");
    EXPECT_EQ(codes_text(text).error().thing, "/gaps");
  }
}

}  // namespace
}  // namespace sluice::high
