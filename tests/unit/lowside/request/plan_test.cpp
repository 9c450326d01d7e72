#include "lowside/request/plan.h"

#include <gmock/gmock.h>

#include "common/base/hasher.h"

namespace sluice::low {
namespace {

using testing::HasSubstr;

std::string digest_of(const std::string& bytes) {
  return std::string(as_text(sha256(as_bytes(bytes)).bytes()));
}

proto::PlanNode node(const std::string& document, const std::string& item) {
  proto::PlanNode made;
  made.set_ecosystem("pypi");
  made.set_document(document);
  made.set_item(item);
  made.set_sha256(digest_of(item));
  made.set_size(10);
  return made;
}

Proposal proposal(std::vector<proto::PlanNode> closure) {
  Proposal made;
  made.records.emplace_back();
  made.closure = std::move(closure);
  return made;
}

Cargo cargo(const std::vector<std::string>& blobs) {
  Cargo made{.blobs = {}, .bytes = 500, .send_time = std::chrono::milliseconds(3)};
  for (const std::string& bytes : blobs) {
    made.blobs.insert(sha256(as_bytes(bytes)));
  }
  return made;
}

proto::StoredPlan plan_of(const Proposal& of, const Cargo& with = {}) {
  return make_plan("python", of, with, from_unix_micros(7)).value();
}

TEST(Plan, ItsDigestIsWhatTheDocumentSays) {
  // printf '13:sluice-plan-16:python4:pypi1:a5:a.whl32:' and the digest's bytes | sha256sum
  std::string text = "13:sluice-plan-16:python4:pypi1:a5:a.whl32:" + digest_of("a.whl");
  EXPECT_EQ(plan_of(proposal({node("a", "a.whl")})).digest(), digest_of(text));
  EXPECT_EQ(plan_digest("python", {node("a", "a.whl")}).hex(), sha256(as_bytes(text)).hex());
}

TEST(Plan, TheSameClosureHasTheSameDigestInWhateverOrderAndWhateverIsHeld) {
  const auto digest = plan_of(proposal({node("a", "a.whl"), node("b", "b.whl")})).digest();
  EXPECT_EQ(
      plan_of(proposal({node("b", "b.whl"), node("a", "a.whl"), node("b", "b.whl")})).digest(),
      digest);
  auto flagged = node("b", "b.whl");
  flagged.add_flags("deprecated");
  flagged.set_size(0);
  EXPECT_EQ(plan_of(proposal({node("a", "a.whl"), flagged}), cargo({"a.whl"})).digest(), digest);
}

TEST(Plan, AnyOtherNodeOrSourceGivesAnotherDigest) {
  const std::vector<proto::PlanNode> nodes{node("a", "a.whl"), node("b", "b.whl")};
  std::set<std::string> digests{plan_of(proposal(nodes)).digest(),
                                plan_of(proposal({nodes[0]})).digest(),
                                plan_of(proposal({})).digest()};
  for (int field = 0; field < 4; ++field) {
    auto other = nodes;
    std::string* const text = field == 0   ? other[1].mutable_ecosystem()
                              : field == 1 ? other[1].mutable_document()
                              : field == 2 ? other[1].mutable_item()
                                           : other[1].mutable_sha256();
    text->back() = static_cast<char>(text->back() ^ 1);
    digests.insert(plan_of(proposal(other)).digest());
  }
  digests.insert(std::string(as_text(plan_digest("pytho", nodes).bytes())));
  auto moved = nodes;  // what is joined without lengths would be the same text
  moved[0].set_document("aa");
  moved[0].set_item(".whl");
  digests.insert(plan_of(proposal(moved)).digest());
  EXPECT_EQ(digests.size(), 9U);
}

TEST(Plan, TellsWhatIsNewAndWhatIsUnresolved) {
  Proposal of = proposal({node("a", "a.whl"), node("b", "b.whl")});
  of.problems.push_back({ErrorCode::kNotFound, "c", "no wheel suits", "choose another"});
  const auto plan = plan_of(of, cargo({"b.whl"}));
  ASSERT_EQ(plan.nodes_size(), 2);
  EXPECT_FALSE(plan.nodes(0).fresh());
  EXPECT_TRUE(plan.nodes(1).fresh());
  ASSERT_EQ(plan.unresolved_size(), 1);
  EXPECT_EQ(plan.unresolved(0).thing(), "c");
  EXPECT_EQ(plan.unresolved(0).cause(), "no wheel suits");
  EXPECT_EQ(plan.unresolved(0).cure(), "choose another");
  EXPECT_EQ(plan.bytes(), 500U);
  EXPECT_EQ(plan.send_micros(), 3000U);
  EXPECT_EQ(plan.made_micros(), 7);
}

TEST(Plan, NothingIsPlannedThatWouldCarryWhatItDoesNotName) {
  Proposal of = proposal({node("a", "a.whl")});
  const auto refused = make_plan("python", of, cargo({"a.whl", "hidden"}), from_unix_micros(0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIntegrity);
  EXPECT_THAT(refused.error().cause, HasSubstr(sha256(as_bytes("hidden")).hex()));
  of.besides.push_back(digest_of("hidden"));
  EXPECT_TRUE(make_plan("python", of, cargo({"a.whl", "hidden"}), from_unix_micros(0)));
}

TEST(Plan, WhatChangedIsNamed) {
  const auto before = plan_of(proposal({node("a", "a-1"), node("b", "b-1")}));
  const auto after = plan_of(proposal({node("a", "a-2"), node("b", "b-1"), node("c", "c-1")}));
  const std::string text = plan_changes(before, after);
  EXPECT_THAT(text, HasSubstr("added a a-2 ("));
  EXPECT_THAT(text, HasSubstr("c c-1 ("));
  EXPECT_THAT(text, HasSubstr("gone a a-1 ("));
  EXPECT_THAT(text, testing::Not(HasSubstr("b-1")));
  EXPECT_EQ(plan_changes(before, before), "");
}

}  // namespace
}  // namespace sluice::low
