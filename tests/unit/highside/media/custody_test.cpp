#include "highside/media/custody.h"

#include <gtest/gtest.h>

#include "tests/support/memory_store.h"

namespace sluice::high {
namespace {

CustodyEntry entry(const std::string& stream, std::uint64_t bundle, std::uint16_t volume) {
  CustodyEntry made;
  made.volume = {stream, bundle, volume};
  made.imported = from_unix_micros(1'795'932'062'000'000);
  made.by = "ann";
  made.carrier = "bob \"the courier\"";
  made.lost_blocks = 3;
  made.shipments = "3-9";
  return made;
}

TEST(CustodyLog, KeepsWhoCarriedWhatAndCounts) {
  test::MemoryStore store;
  CustodyLog log(store);
  EXPECT_EQ(log.newest_bundle("lab-low").value(), 0U);
  for (const auto& one : {entry("lab-low", 9, 1), entry("lab-low", 100, 2),
                          entry("lab-low", 100, 1), entry("lab-low2", 500, 1)}) {
    ASSERT_TRUE(log.add(one));
  }
  ASSERT_TRUE(log.add(entry("lab-low", 9, 1)));
  EXPECT_EQ(log.newest_bundle("lab-low").value(), 100U);
  EXPECT_EQ(log.of_bundle("lab-low", 100).value().size(), 2U);
  const auto found = log.find({"lab-low", 9, 1}).value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->times, 2U);
  EXPECT_EQ(found->carrier, "bob \"the courier\"");
  EXPECT_EQ(found->lost_blocks, 3U);
  EXPECT_EQ(found->shipments, "3-9");
  EXPECT_EQ(found->imported, entry("", 0, 0).imported);
  EXPECT_FALSE(log.find({"lab-low", 9, 2}).value().has_value());
  EXPECT_EQ(log.all().value().size(), 4U);
}

}  // namespace
}  // namespace sluice::high
