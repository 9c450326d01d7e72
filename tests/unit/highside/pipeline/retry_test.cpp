// What a disk refused for a while is taken up by itself.
#include "tests/unit/highside/pipeline/shipment_fixture.h"

namespace sluice::test {
namespace {

TEST(RetryTest, AManifestThatCouldNotBeLookedForIsStillAwaited) {
  FaultPlan plan;
  MemoryStore index{plan};
  TemporaryFolder folder;
  Sender low;
  HighSide high(Disk{index, posix_file_system(), folder.path()},
                HighSide::Streams{{"lab-low", low.key().verify_key()}});
  std::atomic<bool> failing{true};
  plan.fail_when([&](Operation operation, const std::string&) {
    return failing && operation == Operation::kStoreRead ? EIO : 0;
  });
  proto::Shipment shipment = low.shipment(1);
  add_record(shipment, "x", "body");
  const SentShipment sent = low.sign(std::move(shipment));
  high.assembler.block(low.notice(sent).block());
  ASSERT_TRUE(eventually([&] { return !high.events.named("shipment.delayed").empty(); }));

  failing = false;
  const std::size_t reads = plan.reads().size();
  ASSERT_TRUE(eventually([&] { return plan.reads().size() > reads; }));  // it was looked for again
  high.assembler.block(low.whole(sent.manifest).block());
  EXPECT_TRUE(high.published(1));
}

}  // namespace
}  // namespace sluice::test
