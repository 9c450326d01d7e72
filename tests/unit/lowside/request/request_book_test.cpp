#include "lowside/request/request_book.h"

#include <gmock/gmock.h>

#include "common/base/hasher.h"
#include "common/base/text.h"
#include "lowside/admit/stored_audit_log.h"
#include "tests/support/events.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_store.h"

namespace sluice::low {
namespace {

using proto::StoredRequest;
using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;

class RequestBookTest : public testing::Test {
 protected:
  StoredRequest ask(const std::string& want = "app") {
    return book().ask({"python", {want}, {}}, {"ada", "for the lab"}).value();
  }
  static proto::StoredPlan plan(const std::string& item, std::uint32_t records = 1) {
    proto::StoredPlan made;
    made.set_form(1);
    made.set_digest(std::string(as_text(sha256(as_bytes(item)).bytes())));
    made.set_records(records);
    proto::PlanNode& node = *made.add_nodes();
    node.set_document("app");
    node.set_item(item);
    return made;
  }
  static std::string hex(const std::string& item) { return sha256(as_bytes(item)).hex(); }

  // A poll that found this; what it shipped.
  std::optional<std::uint64_t> poll(const std::string& id, const proto::StoredPlan& found) {
    const auto made = book().planned(
        id, found, [&](const RequestBook::Along& along) -> Result<std::optional<ShipmentSequence>> {
          ++shipped_;
          store::Batch batch;
          along(ShipmentSequence(shipped_), batch);
          SLUICE_TRY_VOID(store_.write(batch, store::Durability::kSynced));
          return std::optional(ShipmentSequence(shipped_));
        });
    return made.value() ? std::optional((**made).value()) : std::nullopt;
  }
  StoredRequest::State state(const std::string& id) { return book().find(id).value().state(); }
  // A fresh one over the same store each time: it keeps nothing in memory that counts.
  RequestBook& book() {
    book_ = std::make_unique<RequestBook>(
        RequestBook::Parts{store_, audit_, clock_, counters_, events_}, hours(72));
    return *book_;
  }
  std::string audited() {
    std::string all;
    audit_
        .for_each(from_unix_micros(0),
                  [&](const std::string& json) {
                    all += json + "\n";
                    return true;
                  })
        .value();
    return all;
  }

  test::MemoryStore store_;
  StoredAuditLog audit_{store_};
  test::ManualClock clock_;
  observe::Counters counters_;
  test::RecordedEvents events_;
  std::unique_ptr<RequestBook> book_;
  std::uint64_t shipped_ = 0;
};

TEST_F(RequestBookTest, OnlyThePlanThatWasApprovedIsShipped) {
  const std::string id = ask().id();
  EXPECT_EQ(state(id), StoredRequest::ASKED);
  EXPECT_EQ(poll(id, plan("one")), std::nullopt);
  EXPECT_EQ(state(id), StoredRequest::PLANNED);
  EXPECT_EQ(poll(id, plan("one")), std::nullopt);
  EXPECT_EQ(shipped_, 0U);
  ASSERT_TRUE(book().approve(id, "sha256:" + hex("one"), {"grace", "seen"}));
  EXPECT_EQ(state(id), StoredRequest::APPROVED);
  EXPECT_EQ(poll(id, plan("one")), 1U);
  const StoredRequest sent = book().find(id).value();
  EXPECT_EQ(sent.state(), StoredRequest::SENT);
  EXPECT_EQ(sent.shipment(), 1U);
  EXPECT_EQ(sent.approved(), "");  // it is used up
  EXPECT_EQ(poll(id, plan("one")), std::nullopt);
  EXPECT_EQ(shipped_, 1U);
  EXPECT_TRUE(book().to_poll("python", false).value().empty());
  EXPECT_THAT(audited(), HasSubstr(R"("action":"plan-approved","rule":"request","name":")" + id +
                                   R"(","origin":"python","digest":"sha256:)" + hex("one") +
                                   R"(","detail":"by grace: seen")"));
  EXPECT_THAT(audited(), HasSubstr(R"("action":"plan-sent")"));
}

TEST_F(RequestBookTest, AnotherDigestIsNotApproved) {
  const std::string id = ask().id();
  const auto early = book().approve(id, hex("one"), {"grace"});
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, ErrorCode::kRefused);  // there is no plan yet
  poll(id, plan("one"));
  for (const std::string& digest : {hex("two"), hex("one").substr(0, 12), std::string("")}) {
    EXPECT_FALSE(book().approve(id, digest, {"grace"})) << digest;
  }
  EXPECT_EQ(book().approve(id, hex("two"), {"grace"}).error().code, ErrorCode::kOutdated);
  EXPECT_FALSE(book().approve(id, hex("one"), {" "}));  // nobody
  EXPECT_FALSE(book().approve("r99", hex("one"), {"grace"}));
  EXPECT_EQ(state(id), StoredRequest::PLANNED);
}

TEST_F(RequestBookTest, AnotherPlanVoidsTheApproval) {
  const std::string id = ask().id();
  poll(id, plan("one"));
  ASSERT_TRUE(book().approve(id, hex("one"), {"grace"}));
  EXPECT_EQ(poll(id, plan("two")), std::nullopt);
  EXPECT_EQ(state(id), StoredRequest::VOID);
  ASSERT_EQ(events_.named("request.voided").size(), 1U);
  EXPECT_EQ(test::field(events_.named("request.voided")[0], "cause").substr(0, 13),
            "added app two");
  EXPECT_EQ(counters_.get(observe::Metric::kPlansVoided), 1U);
  EXPECT_THAT(audited(), HasSubstr("approval-voided"));
  // Not even when the old plan is found again.
  EXPECT_EQ(poll(id, plan("one")), std::nullopt);
  EXPECT_EQ(state(id), StoredRequest::VOID);
  ASSERT_TRUE(book().approve(id, hex("one"), {"grace"}));
  EXPECT_EQ(poll(id, plan("one")), 1U);
}

TEST_F(RequestBookTest, AFailedShipmentLeavesItApproved) {
  const std::string id = ask().id();
  poll(id, plan("one"));
  ASSERT_TRUE(book().approve(id, hex("one"), {"grace"}));
  const auto failed = book().planned(
      id, plan("one"), [](const RequestBook::Along&) -> Result<std::optional<ShipmentSequence>> {
        return Error{ErrorCode::kExhausted, "disk", "full", ""};
      });
  EXPECT_FALSE(failed);
  EXPECT_EQ(state(id), StoredRequest::APPROVED);
  EXPECT_EQ(poll(id, plan("one")), 1U);
}

TEST_F(RequestBookTest, WhatWasRejectedStaysSoUntilItChanges) {
  const std::string id = ask().id();
  poll(id, plan("one"));
  ASSERT_TRUE(book().reject(id, hex("one"), {"grace", "no"}));
  EXPECT_FALSE(book().approve(id, hex("one"), {"grace"}));
  EXPECT_TRUE(
      book().to_poll("python", false).value().empty());  // so that the spool lets its blobs go
  const std::string again = ask().id();
  poll(again, plan("one"));
  EXPECT_EQ(state(again), StoredRequest::REJECTED);
  const std::string other = ask().id();
  poll(other, plan("two"));
  EXPECT_EQ(state(other), StoredRequest::PLANNED);
  // Who changes his mind takes the rejected ones back.
  for (const std::string& rejected : {id, again}) {
    ASSERT_TRUE(book().withdraw(rejected, {"grace"}));
  }
  const std::string third = ask().id();
  poll(third, plan("one"));
  EXPECT_EQ(state(third), StoredRequest::PLANNED);
}

TEST_F(RequestBookTest, AnApprovalCanBeTakenBackUntilItIsSent) {
  const std::string one = ask().id();
  poll(one, plan("one"));
  ASSERT_TRUE(book().approve(one, hex("one"), {"grace"}));
  ASSERT_TRUE(book().reject(one, hex("one"), {"ada"}));
  const std::string two = ask().id();
  poll(two, plan("two"));
  ASSERT_TRUE(book().approve(two, hex("two"), {"grace"}));
  ASSERT_TRUE(book().withdraw(two, {"ada"}));
  EXPECT_EQ(poll(one, plan("one")), std::nullopt);
  EXPECT_EQ(poll(two, plan("two")), std::nullopt);
  EXPECT_EQ(shipped_, 0U);
  EXPECT_FALSE(book().withdraw(two, {"ada"}));
}

TEST_F(RequestBookTest, WhereNothingIsNewNothingIsToBeDecided) {
  const std::string id = ask().id();
  poll(id, plan("one", 0));
  EXPECT_EQ(state(id), StoredRequest::SENT);
  EXPECT_EQ(book().find(id).value().shipment(), 0U);
  const std::string lacking = ask().id();
  proto::StoredPlan unresolved = plan("two", 0);
  unresolved.add_unresolved()->set_thing("two");
  poll(lacking, unresolved);
  EXPECT_EQ(state(lacking), StoredRequest::PLANNED);
  EXPECT_EQ(book().approve(lacking, hex("two"), {"grace"}).error().code, ErrorCode::kRefused);
}

TEST_F(RequestBookTest, AStandingRequestIsPlannedAgainWhenSomethingChanges) {
  const auto polled = book().to_poll("python", true).value();
  ASSERT_EQ(polled.size(), 1U);
  const std::string id = polled[0].id();
  EXPECT_EQ(id, "want:python");
  poll(id, plan("one"));
  ASSERT_TRUE(book().approve(id, hex("one"), {"grace"}));
  EXPECT_EQ(poll(id, plan("one")), 1U);
  EXPECT_EQ(poll(id, plan("one", 0)), std::nullopt);  // the next polls: nothing new
  EXPECT_EQ(state(id), StoredRequest::SENT);
  EXPECT_EQ(poll(id, plan("one", 1)), std::nullopt);  // a yank, of the same files: to be approved
  EXPECT_EQ(state(id), StoredRequest::PLANNED);
  EXPECT_EQ(poll(id, plan("two")), std::nullopt);
  ASSERT_TRUE(book().reject(id, hex("two"), {"grace"}));
  EXPECT_EQ(poll(id, plan("two")), std::nullopt);
  EXPECT_EQ(state(id), StoredRequest::REJECTED);
  EXPECT_EQ(poll(id, plan("three")), std::nullopt);
  EXPECT_EQ(state(id), StoredRequest::PLANNED);
  EXPECT_EQ(shipped_, 1U);
  EXPECT_FALSE(book().withdraw(id, {"grace"}));
  EXPECT_TRUE(book().to_poll("python", false).value().empty());  // the settings want nothing more
}

TEST_F(RequestBookTest, WhoWaitsTooLongIsToldOnce) {
  const std::string id = ask().id();
  poll(id, plan("one"));
  RequestBook& keeper = book();
  const auto look = [&] { keeper.keep_house(from_unix_micros(0)).value(); };
  clock_.advance(hours(72));
  look();
  EXPECT_TRUE(events_.named("request.overdue").empty());
  EXPECT_EQ(counters_.get(observe::Metric::kRequestsWaiting), 1U);
  clock_.advance(hours(1));
  look();
  look();
  EXPECT_EQ(events_.named("request.overdue").size(), 1U);
  EXPECT_EQ(counters_.get(observe::Metric::kRequestsOverdue), 1U);
  EXPECT_THAT(keeper.waiting().value().overdue, ElementsAre(id));
  ASSERT_TRUE(keeper.planned(id, plan("two"), {}));  // another plan: somebody has to look again
  look();
  EXPECT_EQ(counters_.get(observe::Metric::kRequestsOverdue), 0U);
  clock_.advance(hours(73));
  look();
  EXPECT_EQ(events_.named("request.overdue").size(), 2U);
  ASSERT_TRUE(keeper.approve(id, hex("two"), {"grace"}));
  EXPECT_EQ(counters_.get(observe::Metric::kRequestsOverdue), 0U);
  EXPECT_EQ(counters_.get(observe::Metric::kRequestsWaiting), 0U);
}

TEST_F(RequestBookTest, ClosedOnesAreForgottenAfterTheirTime) {
  const std::string id = ask().id();
  poll(id, plan("one"));
  ASSERT_TRUE(book().withdraw(id, {"ada"}));
  const std::string open = ask().id();
  clock_.advance(hours(24));
  ASSERT_TRUE(book().keep_house(clock_.utc_now() - hours(25)));
  EXPECT_TRUE(book().find(id));
  ASSERT_TRUE(book().keep_house(clock_.utc_now() - hours(23)));
  EXPECT_FALSE(book().find(id));
  EXPECT_FALSE(book().plan(id).value());
  EXPECT_TRUE(book().find(open));
  EXPECT_EQ(ask().id(), "r3");  // numbers are not used twice
}

TEST_F(RequestBookTest, WhatCannotBeAskedIsRefusedByName) {
  EXPECT_FALSE(book().ask({"python", {}, {}}, {"ada"}));
  EXPECT_FALSE(book().ask({"python", {"app\nother"}, {}}, {"ada"}));
  EXPECT_FALSE(book().ask({"python", {"app"}, {}}, {"a\x1b[2Jda"}));
  EXPECT_FALSE(book().ask({"python", {std::string(5000, 'a')}, {}}, {"ada"}));
  proto::RequestDocument large;
  large.set_name("requirements.txt");
  large.set_content(std::string(RequestBook::kMaxAskedBytes + 1, 'a'));
  EXPECT_EQ(book().ask({"python", {}, {large}}, {"ada"}).error().code, ErrorCode::kRefused);
  EXPECT_TRUE(book().ask({"python", {"app;rm -rf $HOME"}, {}}, {"ada"}));  // text like any other
}

TEST_F(RequestBookTest, NoMoreThanSoManyAreUnderWay) {
  for (std::size_t i = 0; i < RequestBook::kMaxOpen; ++i) {
    ask();
  }
  const auto refused = book().ask({"python", {"app"}, {}}, {"ada"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  ASSERT_TRUE(book().withdraw("r1", {"ada"}));
  EXPECT_TRUE(book().ask({"python", {"app"}, {}}, {"ada"}));
}

TEST_F(RequestBookTest, ApprovedOnesArePolledFirst) {
  const std::string first = ask().id();
  const std::string second = ask().id();
  book().ask({"node", {"left-pad"}, {}}, {"ada"}).value();
  poll(second, plan("two"));
  ASSERT_TRUE(book().approve(second, hex("two"), {"grace"}));
  const auto polled = book().to_poll("python", false).value();
  ASSERT_EQ(polled.size(), 2U);
  EXPECT_EQ(polled[0].id(), second);
  EXPECT_EQ(polled[1].id(), first);
}

TEST_F(RequestBookTest, AFailureIsShownUntilAPlanIsMade) {
  const std::string id = ask().id();
  ASSERT_TRUE(book().failed(id, {ErrorCode::kUnavailable, "index", "does not answer", ""}));
  EXPECT_THAT(book().find(id).value().failure(), HasSubstr("does not answer"));
  poll(id, plan("one"));
  EXPECT_EQ(book().find(id).value().failure(), "");
}

}  // namespace
}  // namespace sluice::low
