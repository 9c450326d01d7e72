// What the daemon answers to `sluice-high snapshot` and `sluice-high gc`.
#include "highside/daemon/snapshot_control.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "tests/support/events.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_catalog.h"
#include "tests/support/memory_store.h"

namespace sluice::high {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class SnapshotControlTest : public testing::Test {
 protected:
  SnapshotControlTest() {
    mount_snapshots(router_, parts_);
    for (const char* body : {"one", "two"}) {
      proto::Shipment shipment;
      shipment.set_stream("s");
      proto::Record& record = *shipment.add_records();
      record.set_ecosystem("of-the-test");
      record.set_document("x");
      record.set_body(body);
      catalog_.publish({shipment, {&record}, clock_.utc_now()}, {}).value();
    }
  }
  Result<std::string> snapshot(const std::string& argument) {
    return commands_.at("snapshot")(argument);
  }
  Result<std::string> gc(const std::string& argument) { return commands_.at("gc")(argument); }
  http::Response get(const std::string& path, const std::string& query = "") {
    http::Request request;
    request.method = "GET";
    request.path = request.raw_path = path;
    request.query = query;
    return router_.handle(request);
  }
  static json::object object(const http::Response& response) {
    return json::parse(std::get<std::string>(response.body)).as_object();
  }

  sluice::test::ManualClock clock_;
  sluice::test::MemoryStore index_;
  test::MemoryBlobs blobs_;
  observe::Counters counters_;
  sluice::test::RecordedEvents events_;
  Catalog catalog_{index_};
  Publisher publisher_{catalog_, index_, blobs_, clock_, counters_, events_};
  Collector collector_{catalog_, publisher_, index_, blobs_, clock_, counters_, events_, {}};
  SnapshotParts parts_{catalog_, collector_, clock_, counters_, events_};
  std::map<std::string, service::Command> commands_ = snapshot_commands(parts_);
  http::Router router_;
};

TEST_F(SnapshotControlTest, CreatesListsComparesAndDeletes) {
  EXPECT_EQ(snapshot(R"({"do":"create","name":"now"})").value(), "snapshot now is edition 2");
  EXPECT_EQ(snapshot(R"({"do":"create","name":"before","edition":"1","keep_for_micros":1000000,)"
                     R"("note":"n"})")
                .value(),
            "snapshot before is edition 1");
  EXPECT_EQ(catalog_.editions().find_snapshot("before")->expires,
            clock_.utc_now() + std::chrono::seconds(1));
  EXPECT_EQ(snapshot(R"({"do":"create","name":"same","edition":"before"})").value(),
            "snapshot same is edition 1");
  EXPECT_EQ(counters_.get(observe::Metric::kSnapshots), 3U);
  EXPECT_EQ(object(get("/snapshots")).at("snapshots").as_array().size(), 3U);

  const json::object page = object(get("/snapshots/diff", "from=before&to=current"));
  EXPECT_EQ(page.at("from"), 1);
  EXPECT_EQ(page.at("to"), 2);
  EXPECT_EQ(page.at("changes").at(0).at("document"), "x");
  EXPECT_TRUE(page.at("next").is_null());
  EXPECT_EQ(get("/snapshots/diff", "from=nowhere&to=current").status, 404U);
  EXPECT_EQ(get("/snapshots/diff", "from=before").status, 400U);
  EXPECT_EQ(get("/snapshots/diff", "from=1&to=2&behind=x").status, 400U);

  EXPECT_THAT(snapshot(R"({"do":"delete","name":"now"})").value(), HasSubstr("now is deleted"));
  EXPECT_EQ(snapshot(R"({"do":"delete","name":"now"})").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(events_.named("snapshot.created").size(), 3U);
  EXPECT_EQ(events_.named("snapshot.deleted").size(), 1U);
}

TEST_F(SnapshotControlTest, RefusesWhatItCannotDo) {
  for (const char* argument :
       {"", "[]", "{}", R"({"do":"move","name":"a"})", R"({"do":"create"})",
        R"({"do":"create","name":17})", R"({"do":"create","name":"17"})",
        R"({"do":"create","name":"a","keep_for_micros":0})",
        R"({"do":"create","name":"a","keep_for_micros":9223372036854775807})",
        R"({"do":"create","name":"a","keep_for_micros":"1y"})"}) {
    EXPECT_EQ(snapshot(argument).error().code, ErrorCode::kInvalid) << argument;
  }
  EXPECT_EQ(snapshot(R"({"do":"create","name":"a","edition":"9"})").error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(gc("everything").error().code, ErrorCode::kInvalid);
}

TEST_F(SnapshotControlTest, CollectsOnceAtATime) {
  EXPECT_EQ(json::parse(gc("show").value()).at("running"), false);
  const json::value begun = json::parse(gc("dry-run").value());
  EXPECT_EQ(begun.at("running"), true);
  EXPECT_EQ(begun.at("dry_run"), true);
  EXPECT_EQ(gc("start").error().code, ErrorCode::kRefused);
}

}  // namespace
}  // namespace sluice::high
