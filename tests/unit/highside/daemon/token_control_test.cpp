#include "highside/daemon/token_control.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "highside/daemon/token_text.h"
#include "tests/support/events.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_store.h"

namespace sluice::high {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

class TokenControlTest : public testing::Test {
 protected:
  Result<std::string> ask(std::string_view what) {
    return change_tokens(tokens_, events_, clock_, what);
  }

  test::FaultPlan plan_;
  test::MemoryStore index_{plan_};
  test::ManualClock clock_;
  test::RecordedEvents events_;
  TokenStore tokens_{index_, clock_};
};

TEST_F(TokenControlTest, MakesListsAndRevokesAndTellsNobodyTheToken) {
  const auto made = ask(R"({"do":"create","name":"ci","role":"publisher",)"
                        R"("namespaces":["pypi:acme-*"],"keep_for_micros":3600000000})");
  ASSERT_TRUE(made);
  const std::string secret(json::parse(*made).at("token").as_string());
  EXPECT_EQ(tokens_.find(secret)->name, "ci");
  const auto listed = ask(R"({"do":"list"})");
  ASSERT_TRUE(listed);
  const json::value listing = json::parse(*listed);
  const auto& token = listing.at("tokens").at(0);
  EXPECT_EQ(token.at("name"), "ci");
  EXPECT_EQ(token.at("role"), "publisher");
  EXPECT_EQ(token.at("expires"), "2023-11-14T23:13:20.000000Z");
  EXPECT_THAT(tokens_text(json::parse(*listed).as_object()),
              testing::MatchesRegex("ci  publisher  made 2023-11-14 22:13  used 2023-11-14 22:13  "
                                    "expires 2023-11-14 23:13  pypi:acme-.\n"));
  ASSERT_TRUE(ask(R"({"do":"revoke","name":"ci"})"));
  EXPECT_FALSE(tokens_.find(secret));
  std::string told = *listed;
  for (const auto& event : events_.all()) {
    told += observe::to_json(event);
  }
  EXPECT_THAT(told, HasSubstr("token.revoked"));
  EXPECT_THAT(told, Not(HasSubstr(secret)));
}

TEST_F(TokenControlTest, SaysWhatIsWrong) {
  for (const char* wrong :
       {"", "[]", "{}", R"({"do":"create"})", R"({"do":"create","name":"x","role":"king"})",
        R"({"do":"create","name":"x","role":"reader","keep_for_micros":-1})",
        R"({"do":"create","name":"x","role":"publisher","namespaces":["x"]})",
        R"({"do":"create","name":"x","role":"publisher","namespaces":7})",
        R"({"do":"revoke","name":"x"})"}) {
    EXPECT_FALSE(ask(wrong)) << wrong;
  }
  EXPECT_TRUE(tokens_.all().empty());
}

}  // namespace
}  // namespace sluice::high
