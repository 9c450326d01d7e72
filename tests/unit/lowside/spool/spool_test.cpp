#include "lowside/spool/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "common/store/rocks_store.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/lowside/spool/spool_fixture.h"

namespace sluice::low {
namespace {

using observe::Metric;
using testing::ElementsAre;
using testing::HasSubstr;

class SpoolTest : public SpoolFixture {
 protected:
  SpoolTest() { open().value(); }

  std::vector<std::string> carried(const OutgoingPass& pass) {
    std::vector<std::string> names;
    const proto::Shipment shipment = manifest_of(pass);
    for (const proto::Blob& blob : shipment.blobs()) {
      names.push_back(blob.name());
    }
    return names;
  }
};

TEST_F(SpoolTest, MakesASignedShipmentOfAProposal) {
  ASSERT_TRUE(take("a.tgz", "bytes of a", {DigestAlgorithm::kSha512}));
  const auto made = spool_->append("files", proposal("c1", {{"a", {"bytes of a"}}})).value();
  ASSERT_EQ(made, ShipmentSequence(1));
  const OutgoingPass pass = due();
  EXPECT_EQ(pass.sequence, ShipmentSequence(1));
  EXPECT_EQ(pass.pass, 0U);
  ASSERT_EQ(pass.blobs.size(), 1U);
  EXPECT_EQ(pass.blobs[0].digest, sha256(as_bytes("bytes of a")));
  EXPECT_EQ(pass.blobs[0].size, 10U);
  const proto::Shipment shipment = manifest_of(pass);
  EXPECT_EQ(shipment.stream(), "lab-low");
  EXPECT_EQ(shipment.sequence(), 1U);
  EXPECT_EQ(shipment.created_micros(), to_unix_micros(clock_.now));
  EXPECT_EQ(shipment.source(), "files");
  EXPECT_EQ(shipment.after_size(), 0);
  ASSERT_EQ(shipment.records_size(), 1);
  EXPECT_EQ(shipment.records(0).body(), "body of a");
  const proto::Blob& blob = shipment.blobs(0);
  EXPECT_EQ(blob.name(), "a.tgz");
  EXPECT_EQ(blob.origin(), "https://upstream.example/a.tgz");
  EXPECT_EQ(blob.evidence(0).detail(), "of a.tgz");
  EXPECT_EQ(blob.aliases(0).algorithm(), proto::SHA512);
  EXPECT_EQ(spool_->cursor("files").value(), "c1");
  EXPECT_EQ(counters_.get(Metric::kSpoolShipments), 1U);
  EXPECT_EQ(counters_.get(Metric::kSpoolPending), 1U);
}

TEST_F(SpoolTest, SavesOnlyTheCursorWhereNothingChanged) {
  EXPECT_EQ(spool_->cursor("files").value(), "");
  EXPECT_FALSE(spool_->append("files", proposal("c1", {})).value());
  EXPECT_EQ(spool_->cursor("files").value(), "c1");
  EXPECT_EQ(spool_->cursor("others").value(), "");
  EXPECT_TRUE(idle());
  EXPECT_EQ(ship("files", "a", "x").value(), ShipmentSequence(1));
}

TEST_F(SpoolTest, FollowsTheShipmentBeforeItFromTheSameSource) {
  ASSERT_TRUE(ship("one", "a", "a"));
  ASSERT_TRUE(ship("two", "b", "b"));
  ASSERT_TRUE(spool_->append("one", proposal("still", {})));
  ASSERT_TRUE(open());
  ASSERT_TRUE(ship("one", "c", "c"));
  send();
  send();
  const proto::Shipment third = manifest_of(due());
  EXPECT_EQ(third.sequence(), 3U);
  EXPECT_THAT(third.after(), ElementsAre(1));
}

TEST_F(SpoolTest, CarriesABlobOnce) {
  ASSERT_TRUE(ship("files", "a", "same"));
  ASSERT_TRUE(take("b", "new"));
  ASSERT_TRUE(spool_->append("files", proposal("c", {{"a2", {"same", "new"}}, {"b", {"new"}}})));
  send();
  EXPECT_THAT(carried(due()), ElementsAre("b"));
  EXPECT_EQ(manifest_of(due()).records_size(), 2);
}

TEST_F(SpoolTest, CarriesABlobAgainThatGotANewName) {
  ASSERT_TRUE(ship("files", "a", "same"));
  ASSERT_TRUE(take("again", "same", {DigestAlgorithm::kSha1}));
  ASSERT_TRUE(spool_->append("files", proposal("c", {{"b", {"same"}}})));
  send();
  const proto::Shipment second = manifest_of(due());
  ASSERT_EQ(second.blobs_size(), 1);
  EXPECT_EQ(second.blobs(0).name(), "a");
  EXPECT_EQ(second.blobs(0).aliases_size(), 1);
  ASSERT_TRUE(take("again", "same", {DigestAlgorithm::kSha1}));
  ASSERT_TRUE(spool_->append("files", proposal("c", {{"c", {"same"}}})));
  send();
  EXPECT_EQ(manifest_of(due()).blobs_size(), 0);
}

TEST_F(SpoolTest, RefusesWhatItDoesNotHold) {
  const auto refused = spool_->append("files", proposal("c", {{"doc", {"never taken"}}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(refused.error().message(), HasSubstr("file doc"));
  EXPECT_EQ(spool_->cursor("files").value(), "");
  EXPECT_EQ(ship("files", "a", "x").value(), ShipmentSequence(1));
}

TEST_F(SpoolTest, RefusesWhatTheOtherSideWouldRefuse) {
  EXPECT_EQ(spool_->append("files", proposal("c", {{"doc", {}}, {"doc", {}}})).error().code,
            ErrorCode::kInvalid);
  Proposal huge = proposal("c", {{"doc", {}}});
  huge.records[0].set_body(std::string(limits::kMaxManifestBytes, 'x'));
  const auto refused = spool_->append("files", huge);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_THAT(refused.error().cure, HasSubstr("sources"));
  EXPECT_TRUE(idle());
  EXPECT_EQ(ship("files", "a", "x").value(), ShipmentSequence(1));
}

TEST_F(SpoolTest, TellsWhatItHoldsByAnyDigest) {
  const std::string large(limits::kInlineBlobBytes + 1, 'x');
  const proto::Blob taken = take("a", large, {DigestAlgorithm::kSha512}).value();
  const auto held = spool_->held(hash(DigestAlgorithm::kSha512, as_bytes(large))).value();
  ASSERT_TRUE(held);
  EXPECT_EQ(held->SerializeAsString(), taken.SerializeAsString());
  EXPECT_FALSE(spool_->held(sha256(as_bytes("other"))).value());
  EXPECT_EQ(take("another name", large).value().name(), "a");
  ASSERT_TRUE(open());
  EXPECT_EQ(spool_->held(sha256(as_bytes(large))).value()->name(), "a");
}

TEST_F(SpoolTest, TakesBytesThatWereMadeHere) {
  for (const std::size_t size : {std::size_t{10}, limits::kInlineBlobBytes + 1}) {
    const std::string bytes(size, 'm');
    const auto made =
        spool_->take_made("Packages", bytes, {DigestAlgorithm::kMd5}, {{"made", "from x"}});
    ASSERT_TRUE(made);
    EXPECT_EQ(made->size(), size);
    EXPECT_EQ(made->aliases(0).algorithm(), proto::MD5);
    EXPECT_EQ(made->evidence(0).kind(), "made");
    EXPECT_TRUE(blobs_->verify(sha256(as_bytes(bytes))));
  }
}

TEST_F(SpoolTest, SendsFreshBeforeAskedForBeforeRepeats) {
  ASSERT_TRUE(ship("files", "a", "a"));
  ASSERT_TRUE(ship("files", "b", "b"));
  EXPECT_EQ(due().sequence, due().sequence);  // the same until it is marked
  EXPECT_EQ(send(), 1U);
  EXPECT_EQ(send(), 2U);
  EXPECT_TRUE(idle());
  EXPECT_EQ(spool_->highest_sent(), ShipmentSequence(2));
  clock_.now += std::chrono::minutes(10);
  ASSERT_EQ(spool_->resend({{ShipmentSequence(2), ShipmentSequence(2)}}).value(), 1U);
  ASSERT_TRUE(ship("files", "c", "c"));
  EXPECT_EQ(send(), 3U);
  EXPECT_EQ(due().pass, 2U);
  EXPECT_EQ(send(), 2U);
  EXPECT_EQ(due().pass, 1U);
  EXPECT_EQ(send(), 1U);
  EXPECT_EQ(send(), 2U);
  EXPECT_TRUE(idle());
}

TEST_F(SpoolTest, ARepeatDoesNotWaitForAClockThatWasSetBack) {
  ASSERT_TRUE(ship("files", "a", "a"));
  EXPECT_EQ(send(), 1U);
  clock_.now += std::chrono::minutes(4);
  ASSERT_TRUE(ship("files", "b", "b"));
  EXPECT_EQ(send(), 2U);
  clock_.now -= std::chrono::hours(24 * 30);
  for (int starts = 0; starts < 2; ++starts) {
    EXPECT_TRUE(idle());
    ASSERT_TRUE(open());
  }
  EXPECT_TRUE(idle());
  clock_.now += std::chrono::minutes(10);
  EXPECT_EQ(send(), 1U);
  EXPECT_TRUE(idle()) << "they keep their distance";
  clock_.now += std::chrono::minutes(4);
  EXPECT_EQ(send(), 2U);
  EXPECT_TRUE(idle());
  clock_.now += std::chrono::hours(24 * 60);
  EXPECT_TRUE(idle());
}

TEST_F(SpoolTest, AClockThatIsSetForwardBringsRepeatsEarlyButOnce) {
  for (const char* name : {"a", "b"}) {
    ASSERT_TRUE(ship("files", name, name));
    send();
  }
  clock_.now += std::chrono::hours(24 * 30);
  ASSERT_TRUE(ship("files", "c", "c"));
  EXPECT_EQ(send(), 3U) << "what is new goes first";
  EXPECT_EQ(send(), 1U);
  EXPECT_EQ(send(), 2U);
  EXPECT_TRUE(idle());
}

TEST_F(SpoolTest, RemembersPassesOverARestart) {
  ASSERT_TRUE(ship("files", "a", "a"));
  ASSERT_TRUE(ship("files", "b", "b"));
  EXPECT_EQ(send(), 1U);
  ASSERT_TRUE(open());
  EXPECT_EQ(spool_->highest_sent(), ShipmentSequence(1));
  EXPECT_EQ(send(), 2U);
  EXPECT_TRUE(idle());
  clock_.now += std::chrono::minutes(10);
  EXPECT_EQ(send(), 1U);
  ASSERT_TRUE(open());
  EXPECT_EQ(send(), 2U);
  EXPECT_TRUE(idle());
  EXPECT_EQ(spool_->mark_sent(ShipmentSequence(1), 0, Urgency::kFresh, clock_.now).error().code,
            ErrorCode::kInvalid);
  EXPECT_EQ(spool_->mark_sent(ShipmentSequence(9), 0, Urgency::kFresh, clock_.now).error().code,
            ErrorCode::kNotFound);
}

TEST_F(SpoolTest, ResendNamesWhatItCannotSend) {
  const SequenceRange first{ShipmentSequence(1), ShipmentSequence(1)};
  EXPECT_EQ(spool_->resend({first}).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(ship("files", "a", "a"));
  EXPECT_EQ(spool_->resend({first}).value(), 0U);  // its first sending is still to come
  send();
  const auto unknown = spool_->resend({{ShipmentSequence(1), ShipmentSequence(3)}});
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message(), HasSubstr("shipment 2"));
  EXPECT_TRUE(idle());
  EXPECT_EQ(spool_->resend({first, first}).value(), 1U);
  ASSERT_TRUE(open());
  EXPECT_EQ(send(), 1U);
  EXPECT_TRUE(idle());
}

TEST_F(SpoolTest, DescribesShipments) {
  ASSERT_TRUE(ship("files", "a", "0123456789"));
  const std::size_t manifest = due().manifest.size();
  send();
  const ShipmentStatus status = spool_->describe(ShipmentSequence(1)).value().value();
  EXPECT_EQ(status.source, "files");
  EXPECT_EQ(status.created, clock_.now);
  EXPECT_EQ(status.bytes, manifest + 10);
  EXPECT_EQ(status.blobs, 1U);
  EXPECT_EQ(status.records, 1U);
  EXPECT_EQ(status.passes_sent, 1U);
  EXPECT_EQ(status.last_sent, clock_.now);
  ASSERT_EQ(status.outstanding.size(), 1U);
  EXPECT_EQ(status.outstanding[0].pass, 1U);
  EXPECT_EQ(status.outstanding[0].due, clock_.now + std::chrono::minutes(10));
  EXPECT_FALSE(spool_->describe(ShipmentSequence(2)).value());
  ASSERT_TRUE(ship("files", "b", "b"));
  std::vector<std::uint64_t> listed;
  ASSERT_TRUE(spool_->list(ShipmentSequence(1), [&](const ShipmentStatus& one) {
    listed.push_back(one.sequence.value());
    return true;
  }));
  EXPECT_THAT(listed, ElementsAre(1, 2));
}

TEST_F(SpoolTest, BelongsToOneStream) {
  settings_.stream = "another";
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_THAT(refused.error().message(), HasSubstr("lab-low"));
}

TEST_F(SpoolTest, AFullDiskStopsTakingButNotSending) {
  ASSERT_TRUE(ship("files", "a", "a"));
  ASSERT_TRUE(take("b", "b"));
  plan_.fail_from(0, ENOSPC);
  const auto refused = spool_->append("files", proposal("c", {{"b", {"b"}}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kExhausted);
  EXPECT_THAT(refused.error().thing, HasSubstr(folder_.string()));
  EXPECT_THAT(refused.error().cure, HasSubstr("free space"));
  EXPECT_EQ(counters_.get(Metric::kSpoolDiskFull), 1U);
  EXPECT_EQ(spool_->take_made("m", "m", {}, {}).error().code, ErrorCode::kExhausted);
  EXPECT_EQ(send(), 1U);
  EXPECT_TRUE(idle());
  clock_.now += std::chrono::minutes(10);
  EXPECT_EQ(send(), 1U);
  EXPECT_TRUE(idle());

  plan_.clear();
  EXPECT_EQ(spool_->append("files", proposal("c", {{"b", {"b"}}})).value(), ShipmentSequence(2));
  ASSERT_TRUE(open());
  EXPECT_EQ(spool_->describe(ShipmentSequence(1)).value()->passes_sent, 2U);
  EXPECT_EQ(send(), 2U);
}

TEST_F(SpoolTest, WorksOnRocksDb) {
  const test::TemporaryFolder folder;
  std::unique_ptr<store::KeyValueStore> index;
  const auto reopen = [&] {
    spool_.reset();
    blobs_.reset();
    index.reset();
    store::RocksSettings rocks;
    rocks.folder = folder.path() / "rocks";
    index = store::open_rocks_store(rocks).value();
    blobs_ = store::DiskBlobStore::open(*index, files_, "/rocks-blobs").value();
    spool_ = Spool::open(settings_, {*index, *blobs_, files_, key_, clock_, counters_}).value();
  };
  reopen();
  ASSERT_TRUE(ship("files", "a", std::string(limits::kInlineBlobBytes + 1, 'x')));
  ASSERT_TRUE(ship("files", "b", "small"));
  EXPECT_EQ(send(), 1U);
  reopen();
  EXPECT_EQ(send(), 2U);
  clock_.now += std::chrono::minutes(10);
  EXPECT_EQ(send(), 1U);
  EXPECT_EQ(spool_->cursor("files").value(), "cursor of b");
  EXPECT_EQ(ship("files", "c", "c").value(), ShipmentSequence(3));
  spool_.reset();  // before the index
  blobs_.reset();
}

TEST_F(SpoolTest, ADamagedBlobIsTakenOutAndMayBeTakenAgain) {
  ASSERT_TRUE(ship("files", "a", "bytes"));
  EXPECT_EQ(send(), 1U);
  const Sha256Digest digest = sha256(as_bytes("bytes"));
  const auto lines = spool_->lose({{digest, 5, "a bit is wrong"}}).value();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("(a)"), std::string::npos);
  EXPECT_NE(lines[0].find("sluice-low resend 1"), std::string::npos);
  EXPECT_FALSE(spool_->held(Digest(digest)).value());
  EXPECT_EQ(spool_->append("files", proposal("next", {{"b", {"bytes"}}})).error().code,
            ErrorCode::kNotFound);
  ASSERT_TRUE(take("a", "bytes"));
  ASSERT_TRUE(spool_->held(Digest(digest)).value());
  ASSERT_EQ(spool_->resend({{ShipmentSequence(1), ShipmentSequence(1)}}).value(), 1U);
  EXPECT_TRUE(blobs_->verify(due().blobs.at(0).digest));
}

TEST_F(SpoolTest, APreviewIsWhatTheShipmentCarries) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(ship("files", "a", "aaa"));
  ASSERT_TRUE(take("b", "bbbb"));
  const Proposal both = proposal("next", {{"one", {"aaa", "bbbb"}}});
  const Spool::Preview preview = spool_->preview("files", both).value();
  EXPECT_EQ(preview.blobs, std::set<Sha256Digest>{sha256(as_bytes("bbbb"))});
  EXPECT_EQ(spool_->highest_made(), ShipmentSequence(1));  // nothing was made of it
  EXPECT_EQ(spool_->cursor("files").value(), "cursor of a");
  ASSERT_TRUE(spool_->append("files", both));
  send();
  EXPECT_EQ(preview.bytes, due().manifest.size() + 4);
  EXPECT_TRUE(spool_->preview("files", proposal("later", {})).value().blobs.empty());
  EXPECT_EQ(spool_->preview("files", proposal("c", {{"x", {"unknown"}}})).error().code,
            ErrorCode::kNotFound);
}

TEST_F(SpoolTest, WhatGoesAlongIsInTheShipmentsBatch) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(take("a", "aaa"));
  const auto note = [](std::optional<ShipmentSequence> made, store::Batch& batch) {
    batch.put(store::Family::kMeta, "note", made ? std::to_string(made->value()) : "none");
  };
  ASSERT_TRUE(spool_->append("files", proposal("c", {{"one", {"aaa"}}}), note));
  EXPECT_EQ(index_.get(store::Family::kMeta, "note").value(), "1");
  ASSERT_TRUE(spool_->append("files", proposal("c", {}), note));  // not even the cursor is new
  EXPECT_EQ(index_.get(store::Family::kMeta, "note").value(), "none");
  crash(test::Loss::kAll, test::Loss::kAll);
  ASSERT_TRUE(open());
  EXPECT_EQ(index_.get(store::Family::kMeta, "note").value(), "none");
}

}  // namespace
}  // namespace sluice::low
