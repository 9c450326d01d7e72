#include "highside/access/token_access.h"

#include <gmock/gmock.h>

#include "tests/support/events.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_store.h"

namespace sluice::high {
namespace {

using Outcome = Verdict::Outcome;
using testing::HasSubstr;
using testing::Not;

class TokenAccessTest : public testing::Test {
 protected:
  TokenAccessTest() {
    make("anna", Role::kReader, {});
    make("ci", Role::kPublisher, {"pypi:acme-*", "npm:*"});
    make("root", Role::kAdmin, {});
  }
  void make(const std::string& name, Role role, const std::vector<std::string>& namespaces) {
    Token token;
    token.name = name;
    token.role = role;
    for (const std::string& text : namespaces) {
      token.namespaces.push_back(NamePattern::parse(text).value());
    }
    secrets_[name] = tokens_.create(token).value().reveal();
  }
  http::Credentials as(const std::string& who) const {
    return who.empty() ? http::Credentials() : http::Credentials("Bearer " + secrets_.at(who));
  }

  test::FaultPlan plan_;
  test::MemoryStore index_{plan_};
  test::ManualClock clock_;
  TokenStore tokens_{index_, clock_};
  const Namespaces site_ = Namespaces::parse({"pypi:acme-*", "pypi:other", "npm:@acme/*"}).value();
  observe::Counters counters_;
  test::RecordedEvents events_;
  TokenAccess access_{tokens_, site_, false, counters_, events_};
  TokenAccess closed_{tokens_, site_, true, counters_, events_};
  std::map<std::string, std::string> secrets_{{"stranger", "sluice_" + std::string(64, '0')}};
};

TEST_F(TokenAccessTest, RoleVerbAndNamespaceDecide) {
  constexpr auto yes = Outcome::kAllowed;
  constexpr auto who = Outcome::kUnknown;
  constexpr auto no = Outcome::kForbidden;
  struct Row {
    const char* caller;
    Outcome read, read_closed, publish, publish_elsewhere, publish_outside, withdraw;
  };
  for (const Row& row :
       {Row{"", yes, who, who, who, who, who}, Row{"stranger", yes, who, who, who, who, who},
        Row{"anna", yes, yes, no, no, no, no}, Row{"ci", yes, yes, yes, no, no, no},
        Row{"root", yes, yes, yes, yes, no, yes}}) {
    SCOPED_TRACE(row.caller);
    const auto given = as(row.caller);
    EXPECT_EQ(access_.decide(given, Verb::kRead, "", "").outcome, row.read);
    EXPECT_EQ(closed_.decide(given, Verb::kRead, "", "").outcome, row.read_closed);
    EXPECT_EQ(access_.decide(given, Verb::kPublish, "pypi", "acme-x").outcome, row.publish);
    EXPECT_EQ(access_.decide(given, Verb::kPublish, "npm", "@acme/x").outcome, row.publish);
    EXPECT_EQ(access_.decide(given, Verb::kPublish, "pypi", "other").outcome,
              row.publish_elsewhere);
    EXPECT_EQ(access_.decide(given, Verb::kPublish, "npm", "left-pad").outcome,
              row.publish_outside);
    EXPECT_EQ(access_.decide(given, Verb::kWithdraw, "pypi", "acme-x").outcome, row.withdraw);
    EXPECT_EQ(access_.decide(given, Verb::kWithdraw, "npm", "left-pad").outcome,
              row.publish_outside);
  }
}

TEST_F(TokenAccessTest, ARefusalIsCountedAndNamedWithoutTheToken) {
  const Verdict verdict = access_.decide(as("ci"), Verb::kPublish, "pypi", "requests");
  EXPECT_EQ(verdict.who, "ci");
  EXPECT_EQ(counters_.get(observe::Metric::kAccessForbidden), 1);
  access_.decide(as("stranger"), Verb::kPublish, "pypi", "acme-x");
  EXPECT_EQ(counters_.get(observe::Metric::kAccessUnknown), 1);
  const auto told = events_.all();
  ASSERT_EQ(told.size(), 1);
  EXPECT_EQ(told[0].name, "access.forbidden");
  EXPECT_THAT(observe::to_json(told[0]), HasSubstr("requests"));
  EXPECT_THAT(observe::to_json(told[0]) + verdict.cause, Not(HasSubstr(secrets_.at("ci"))));
}

TEST_F(TokenAccessTest, SaysWhoseATokenIs) {
  EXPECT_EQ(access_.identify(as("anna")), "anna");
  EXPECT_EQ(access_.identify(as("")), std::nullopt);
  EXPECT_EQ(access_.identify(as("stranger")), std::nullopt);
}

TEST_F(TokenAccessTest, AnswersChallengeOnlyWhoIsUnknown) {
  const auto unknown = refusal(access_.decide(as(""), Verb::kPublish, "pypi", "acme-x"));
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(unknown.headers.find("WWW-Authenticate")->second, kChallenge);
  const auto forbidden = refusal(access_.decide(as("anna"), Verb::kPublish, "pypi", "acme-x"));
  EXPECT_EQ(forbidden.status, 403);
  EXPECT_FALSE(forbidden.headers.contains("WWW-Authenticate"));
}

}  // namespace
}  // namespace sluice::high
