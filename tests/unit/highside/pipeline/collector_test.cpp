// Garbage collection with the stages joined: what goes, what stays, and what happens when it comes
// again.
#include "highside/catalog/collector.h"

#include "tests/unit/highside/pipeline/shipment_fixture.h"

namespace sluice::test {
namespace {

using high::Collector;
using high::CollectorProgress;
using high::ShipmentState;
using observe::Metric;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The system's, some time later.
class LaterClock final : public Clock {
 public:
  UtcTime utc_now() const override {
    ++looks;
    return system_.utc_now() + later.load();
  }
  SteadyTime steady_now() const override { return system_.steady_now() + later.load(); }
  std::atomic<std::chrono::microseconds> later{std::chrono::microseconds(0)};
  mutable std::atomic<int> looks = 0;

 private:
  SystemClock system_;
};

constexpr std::chrono::hours kDay{24};

class CollectorTest : public ShipmentFixture {
 protected:
  CollectorProgress collect(bool dry_run = false, high::CollectorSettings settings = {}) {
    settings.keep_editions_for = std::chrono::microseconds(0);
    settings.streams = {"lab-low", "other"};
    Collector collector(high_->catalog, high_->publisher, index_, high_->store(), clock_,
                        high_->counters, high_->events, settings);
    return collector.run(dry_run);
  }
  // A shipment that shows one document and carries these blobs.
  SentShipment send_document(std::uint64_t sequence, const std::string& document,
                             const std::string& body, const std::vector<SentBlob>& carried,
                             const std::vector<SentBlob>& named) {
    proto::Shipment shipment = low_.shipment(sequence);
    for (const SentBlob& blob : carried) {
      add_blob(shipment, blob, {DigestAlgorithm::kMd5});
    }
    add_record(shipment, document, body, named);
    SentShipment sent = low_.sign(std::move(shipment));
    send_again(sent, carried);
    return sent;
  }
  void send_again(const SentShipment& sent, const std::vector<SentBlob>& carried) {
    low_.notice(sent).whole(sent.manifest);
    for (const SentBlob& blob : carried) {
      low_.whole(blob);
    }
    send(low_);
  }
  // Edition 1 shows `small_` and `large_`, edition 2 neither.
  void publish_two() {
    first_.emplace(send_document(1, "a", "1", {small_, large_}, {small_, large_}));
    ASSERT_TRUE(high_->published(1));
    send_document(2, "a", "2", {third_}, {third_});
    ASSERT_TRUE(high_->published(2));
  }
  void name_edition(const std::string& name, std::uint64_t edition, UtcTime expires = UtcTime()) {
    ASSERT_TRUE(high_->catalog.editions().add({name, Edition(edition), UtcTime(), expires, ""}));
  }
  std::filesystem::path file_of(const SentBlob& blob) const {
    const std::string hex = blob.digest.hex();
    return folder_.path() / "store/blobs" / hex.substr(0, 2) / hex.substr(2, 2) / hex;
  }
  bool heard_oldest(std::uint64_t oldest) {
    return eventually([&] { return high_->publisher.oldest_held_by_sender("lab-low") == oldest; });
  }

  LaterClock clock_;
  SentBlob third_{noise(900, 1003)};
  std::optional<SentShipment> first_;
};

TEST_F(CollectorTest, WhatNoEditionShowsIsGoneFromTheDisk) {
  publish_two();
  heartbeat(2, 2);
  ASSERT_TRUE(heard_oldest(2));
  ASSERT_TRUE(std::filesystem::exists(file_of(large_)));
  const auto held = high_->store().usage();

  const CollectorProgress dry = collect(true);
  EXPECT_EQ(dry.failure, "");
  EXPECT_EQ(high_->store().usage().bytes, held.bytes);
  EXPECT_TRUE(high_->catalog.readable(Edition(1)));

  const CollectorProgress done = collect();
  EXPECT_EQ(done.failure, "");
  EXPECT_EQ(done.oldest, 2U);
  EXPECT_EQ(done.states, 1U);
  EXPECT_EQ(done.blobs, 3U);  // two and the manifest that brought them
  EXPECT_EQ(done.blobs, dry.blobs);
  EXPECT_EQ(done.bytes, dry.bytes);
  EXPECT_EQ(done.states, dry.states);
  EXPECT_EQ(done.bytes, small_.bytes.size() + large_.bytes.size() + first_->manifest.bytes.size());
  EXPECT_EQ(high_->store().usage().bytes, held.bytes - done.bytes);
  EXPECT_FALSE(std::filesystem::exists(file_of(large_)));
  EXPECT_FALSE(is_stored(small_));
  EXPECT_EQ(high_->store().resolve(hash(DigestAlgorithm::kMd5, small_.bytes)).value(),
            std::nullopt);
  EXPECT_TRUE(is_stored(third_));
  EXPECT_EQ(high_->body("a"), "2");
  EXPECT_FALSE(high_->catalog.readable(Edition(1)));
  EXPECT_EQ(high_->count(Metric::kCollectedBlobs), 3U);
  EXPECT_EQ(high_->count(Metric::kCollectedDocuments), 1U);
  EXPECT_THAT(high_->gaps(), IsEmpty());
  EXPECT_EQ(collect().blobs, 0U);
}

TEST_F(CollectorTest, ANamedEditionKeepsAllThatItShows) {
  publish_two();
  heartbeat(2, 2);
  ASSERT_TRUE(heard_oldest(2));
  name_edition("q4", 1, clock_.utc_now() + 30 * kDay);
  EXPECT_EQ(collect().blobs, 0U);
  EXPECT_TRUE(high_->store().verify(large_.digest));
  EXPECT_EQ(high_->catalog.find(Edition(1), "file", "a").value()->body, "1");
  clock_.later = 31 * kDay;
  EXPECT_EQ(collect().blobs, 3U);
  EXPECT_FALSE(high_->catalog.editions().find_snapshot("q4"));
  EXPECT_FALSE(is_stored(large_));
}

TEST_F(CollectorTest, EditionsWithinRetentionStay) {
  publish_two();
  heartbeat(2, 2);
  ASSERT_TRUE(heard_oldest(2));
  high::CollectorSettings settings;
  settings.streams = {"lab-low"};
  settings.keep_editions_for = 10 * kDay;
  Collector collector(high_->catalog, high_->publisher, index_, high_->store(), clock_,
                      high_->counters, high_->events, settings);
  EXPECT_EQ(collector.run(false).blobs, 0U);
  clock_.later = 9 * kDay;
  EXPECT_EQ(collector.run(false).blobs, 0U);
  EXPECT_TRUE(high_->catalog.readable(Edition(1)));
  clock_.later = 11 * kDay;
  EXPECT_EQ(collector.run(false).blobs, 3U);
}

// A sender leaves out of a shipment what one that it holds has carried: as long as it holds that
// one, the bytes must be here.
TEST_F(CollectorTest, WhatTheSenderStillHoldsStaysBecauseItBuildsOnIt) {
  publish_two();
  heartbeat(2, 1);
  ASSERT_TRUE(heard_oldest(1));
  const CollectorProgress done = collect();
  EXPECT_EQ(done.states, 1U);
  EXPECT_EQ(done.blobs, 0U);
  // A repeat brings nothing that is not here.
  const auto taken = high_->count(Metric::kPartsTaken);
  send_again(*first_, {small_, large_});
  ASSERT_TRUE(eventually([&] { return high_->count(Metric::kRefusedOldShipments) == 1; }));
  EXPECT_EQ(high_->count(Metric::kPartsTaken), taken);
  // And what comes back needs no bytes.
  send_document(3, "b", "3", {}, {small_, large_});
  ASSERT_TRUE(high_->published(3));
  EXPECT_TRUE(high_->store().verify(large_.digest));
  heartbeat(3, 4);
  ASSERT_TRUE(heard_oldest(4));
  EXPECT_EQ(collect().blobs, 1U);  // the third's manifest: it brought nothing
  EXPECT_TRUE(is_stored(first_->manifest));
}

TEST_F(CollectorTest, OfAStreamThatIsNotListenedToNothingIsKeptForItsSender) {
  publish_two();
  heartbeat(2, 1);
  ASSERT_TRUE(heard_oldest(1));
  high::CollectorSettings settings;
  settings.keep_editions_for = std::chrono::microseconds(0);
  settings.streams = {"other"};
  Collector collector(high_->catalog, high_->publisher, index_, high_->store(), clock_,
                      high_->counters, high_->events, settings);
  EXPECT_EQ(collector.run(false).blobs, 3U);
}

// The sender dropped it, and a shipment that shows it again carries it again.
TEST_F(CollectorTest, WhatWasCollectedComesBackWithTheShipmentThatNeedsIt) {
  publish_two();
  heartbeat(2, 2);
  ASSERT_TRUE(heard_oldest(2));
  ASSERT_EQ(collect().blobs, 3U);
  send_document(3, "b", "3", {small_, large_}, {small_, large_});
  ASSERT_TRUE(high_->published(3));
  EXPECT_TRUE(high_->store().verify(small_.digest));
  EXPECT_TRUE(high_->store().verify(large_.digest));
  EXPECT_EQ(high_->store().resolve(hash(DigestAlgorithm::kMd5, large_.bytes)).value(),
            large_.digest);
  EXPECT_THAT(high_->gaps(), IsEmpty());
  EXPECT_EQ(collect().blobs, 0U);
}

// An operator has an old shipment sent again by its number: it was published, so it is no gap, and
// what comes with it goes again.
TEST_F(CollectorTest, ARepeatOfWhatWasCollectedIsNoGapAndGoesAgain) {
  publish_two();
  heartbeat(2, 2);
  ASSERT_TRUE(heard_oldest(2));
  ASSERT_EQ(collect().blobs, 3U);
  send_again(*first_, {small_, large_});
  ASSERT_TRUE(eventually([&] { return is_stored(large_) && is_stored(first_->manifest); }));
  EXPECT_EQ(high_->catalog.current(), Edition(2));
  EXPECT_EQ(high_->body("a"), "2");
  EXPECT_THAT(high_->gaps(), IsEmpty());
  EXPECT_EQ(collect().blobs, 3U);
  restart();
  EXPECT_THAT(high_->gaps(), IsEmpty());
  EXPECT_FALSE(is_stored(large_));
}

TEST_F(CollectorTest, WhatAnOpenShipmentNeedsStays) {
  publish_two();
  heartbeat(3, 3);
  ASSERT_TRUE(heard_oldest(3));
  proto::Shipment shipment = low_.shipment(3);
  const SentBlob missing(noise(600, 7));
  add_blob(shipment, missing);
  add_record(shipment, "b", "3", {large_, missing});
  const SentShipment open = low_.sign(std::move(shipment));
  send(low_.notice(open).whole(open.manifest));
  ASSERT_TRUE(only_gap(ShipmentState::kWaitingForBlobs));
  const CollectorProgress done = collect();
  EXPECT_EQ(done.failure, "");
  EXPECT_FALSE(is_stored(small_));
  EXPECT_TRUE(is_stored(large_));
  EXPECT_TRUE(is_stored(first_->manifest));  // it says what brings `large_` back
  EXPECT_TRUE(is_stored(open.manifest));
  send(low_.whole(missing));
  ASSERT_TRUE(high_->published(3));
  EXPECT_TRUE(high_->store().verify(large_.digest));
}

// A shipment is published between the moment at which the needs were counted and the removal.
TEST_F(CollectorTest, WhatIsPublishedMeanwhileStays) {
  publish_two();
  heartbeat(2, 2);
  ASSERT_TRUE(heard_oldest(2));
  ASSERT_TRUE(high_->publisher.begin_collecting());
  send_document(3, "b", "3", {}, {large_});
  ASSERT_TRUE(high_->published(3));
  const auto removed = high_->publisher.remove_unneeded({small_.digest, large_.digest}).value();
  high_->publisher.end_collecting();
  EXPECT_THAT(removed, ElementsAre(small_.digest));
  EXPECT_TRUE(high_->store().verify(large_.digest));
}

TEST_F(CollectorTest, ABlobAheadOfItsManifestStaysForADay) {
  publish_two();
  send(low_.whole(SentBlob(noise(300, 9))));
  const SentBlob stray(noise(300, 9));
  ASSERT_TRUE(eventually([&] { return is_stored(stray); }));
  EXPECT_EQ(collect(true).strays, 1U);  // looking notes nothing
  clock_.later = kDay;
  EXPECT_EQ(collect().strays, 1U);
  clock_.later = kDay + std::chrono::hours(23);
  EXPECT_EQ(collect().strays, 1U);
  EXPECT_TRUE(is_stored(stray));
  clock_.later = 2 * kDay;
  const CollectorProgress done = collect();
  EXPECT_EQ(done.strays, 0U);
  EXPECT_FALSE(is_stored(stray));
  EXPECT_THAT(index_.values(store::Family::kMeta),
              testing::Not(testing::Contains(testing::Key(testing::StartsWith("stray/")))));
}

TEST_F(CollectorTest, AStrayThatFindsItsShipmentIsNoneAnyMore) {
  publish_two();
  const SentBlob early(noise(300, 9));
  send(low_.whole(early));
  ASSERT_TRUE(eventually([&] { return is_stored(early); }));
  EXPECT_EQ(collect().strays, 1U);
  clock_.later = 30 * kDay;
  send_document(3, "b", "3", {early}, {early});
  ASSERT_TRUE(high_->published(3));
  const CollectorProgress done = collect();
  EXPECT_EQ(done.strays, 0U);
  EXPECT_TRUE(is_stored(early));
}

TEST_F(CollectorTest, WhatIsDamagedAndNotNeededIsMissedByNobody) {
  publish_two();
  heartbeat(2, 2);
  ASSERT_TRUE(heard_oldest(2));
  ASSERT_TRUE(high_->publisher.lose({{large_.digest, large_.bytes.size(), "a bit is wrong"}}));
  ASSERT_TRUE(only_gap(ShipmentState::kDamaged));
  EXPECT_EQ(collect().failure, "");
  EXPECT_FALSE(high_->catalog.is_lost(large_.digest));
  EXPECT_THAT(high_->gaps(), IsEmpty());
  restart();
  EXPECT_THAT(high_->gaps(), IsEmpty());
}

// Without it nobody knows what its sender takes for granted.
TEST_F(CollectorTest, WithoutAManifestThatTheSenderHoldsNoBlobIsRemoved) {
  publish_two();
  heartbeat(2, 2);
  ASSERT_TRUE(heard_oldest(2));
  const auto shipments = high_->publisher.begin_collecting().value();
  high_->publisher.end_collecting();
  ASSERT_EQ(shipments.front().ref.sequence, 2U);
  ASSERT_TRUE(high_->store().remove(shipments.front().manifest));
  const CollectorProgress done = collect();
  EXPECT_THAT(done.failure, HasSubstr("manifest of lab-low/2"));
  EXPECT_THAT(done.failure, HasSubstr("sluice-high gaps"));
  EXPECT_EQ(done.blobs, 0U);
  EXPECT_TRUE(is_stored(large_));
  EXPECT_FALSE(high_->events.named("gc.failed").empty());
}

TEST_F(CollectorTest, RunsOnItsThreadWhenAskedAndByItself) {
  publish_two();
  heartbeat(2, 2);
  ASSERT_TRUE(heard_oldest(2));
  high::CollectorSettings settings;
  settings.keep_editions_for = std::chrono::microseconds(0);
  settings.streams = {"lab-low"};
  {
    Collector asked(high_->catalog, high_->publisher, index_, high_->store(), clock_,
                    high_->counters, high_->events, settings);
    asked.start();
    EXPECT_TRUE(asked.ask(true));
    ASSERT_TRUE(eventually([&] { return !asked.progress().running; }));
    EXPECT_TRUE(asked.progress().dry_run);
    EXPECT_EQ(asked.progress().blobs, 3U);
    EXPECT_TRUE(is_stored(large_));
  }
  settings.every = std::chrono::milliseconds(1);
  Collector scheduled(high_->catalog, high_->publisher, index_, high_->store(), clock_,
                      high_->counters, high_->events, settings);
  scheduled.start();
  // By itself it runs when the clock has not stepped for an hour.
  const int looks = clock_.looks;
  ASSERT_TRUE(eventually([&] { return clock_.looks > looks + 20; }));
  EXPECT_TRUE(is_stored(large_));
  clock_.later = std::chrono::minutes(61);
  EXPECT_TRUE(eventually([&] { return !is_stored(large_); }));
}

}  // namespace
}  // namespace sluice::test
