#include "highside/daemon/gaps_text.h"

#include <gmock/gmock.h>

namespace sluice::high {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string gap(const std::string& stream, int first, int last, const std::string& state,
                bool resendable = true, const std::string& more = "") {
  return R"({"stream":")" + stream + R"(","first":)" + std::to_string(first) + R"(,"last":)" +
         std::to_string(last) + R"(,"state":")" + state + R"(","cause":"","resendable":)" +
         (resendable ? "true" : "false") +
         (more.empty() ? R"(,"missing":[],"missing_blobs":0,"waits_for":[])" : more) +
         R"(,"blocks":[]})";
}

std::string text_of(const std::vector<std::string>& gaps) {
  std::string list;
  for (const std::string& one : gaps) {
    list += (list.empty() ? "" : ",") + one;
  }
  return gaps_text("{\"gaps\":[" + list + "]}").value();
}

TEST(GapsText, SaysThatThereAreNone) { EXPECT_EQ(text_of({}), "no gaps\n"); }

TEST(GapsText, EndsWithTheCommandForEachLowSide) {
  const std::string text =
      text_of({gap("lab", 3, 3, "announced"), gap("other", 8, 8, "never-heard"),
               gap("lab", 5, 7, "never-heard"), gap("lab", 1, 2, "needs-baseline", false)});
  EXPECT_THAT(text, HasSubstr("lab/5-7  never-heard\n"));
  EXPECT_THAT(text, HasSubstr("On the low side of lab: sluice-low resend 3,5-7\n"));
  EXPECT_THAT(text, HasSubstr("On the low side of other: sluice-low resend 8\n"));
}

TEST(GapsText, NamesWhatIsMissingAndAsksForNothingThatOnlyWaits) {
  const std::string text = text_of({gap(
      "lab", 4, 4, "waiting-for-after", true,
      R"(,"missing":[{"name":"a.tgz","held":1,"size":2}],"missing_blobs":3,"waits_for":[2])")});
  EXPECT_THAT(text, HasSubstr("a.tgz"));
  EXPECT_THAT(text, HasSubstr("and 2 more blobs"));
  EXPECT_THAT(text, HasSubstr("waits for 2"));
  EXPECT_THAT(text, Not(HasSubstr("resend")));
}

TEST(GapsText, NamesWhatItCannotRead) {
  EXPECT_EQ(gaps_text("not json").error().thing, "/gaps");
  EXPECT_EQ(gaps_text(R"({"gaps":[{}]})").error().thing, "/gaps");
}

}  // namespace
}  // namespace sluice::high
