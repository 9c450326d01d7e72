// A reader beside the publisher sees one edition, whole.
#include <atomic>
#include <thread>

#include "tests/unit/highside/pipeline/shipment_fixture.h"

namespace sluice::test {
namespace {

class ReaderTest : public ShipmentFixture {};

constexpr int kShipments = 60;
constexpr int kDocuments = 12;

// All documents of an edition must carry the same body: that of the edition's last shipment.
bool whole(const high::CatalogReader& catalog, Edition edition) {
  std::set<std::string> bodies;
  int documents = 0;
  catalog
      .list(edition, "file", "d",
            [&](const high::CatalogEntry& entry) {
              bodies.insert(entry.body);
              ++documents;
              return true;
            })
      .value();
  return edition == Edition(0) ? documents == 0 : documents == kDocuments && bodies.size() == 1;
}

TEST_F(ReaderTest, SeesTheOldOrTheNewEditionWhole) {
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0;
  std::atomic<int> went_back = 0;
  std::thread reader([&] {
    Edition last;
    while (!stop) {
      const Edition edition = high_->catalog.current();
      went_back += edition < last ? 1 : 0;
      last = edition;
      torn += whole(high_->catalog, edition) ? 0 : 1;
    }
  });
  for (std::uint64_t i = 1; i <= kShipments; ++i) {
    proto::Shipment shipment =
        low_.shipment(i, i > 1 ? std::vector{i - 1} : std::vector<std::uint64_t>());
    for (int document = 0; document < kDocuments; ++document) {
      add_record(shipment, "d" + std::to_string(document), std::to_string(i));
    }
    const SentShipment sent = low_.sign(std::move(shipment));
    send(low_.notice(sent).whole(sent.manifest));
  }
  EXPECT_TRUE(high_->published(kShipments));
  stop = true;
  reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(went_back, 0);
  for (std::uint64_t edition = 0; edition <= kShipments; ++edition) {
    EXPECT_TRUE(whole(high_->catalog, Edition(edition))) << edition;
  }
}

}  // namespace
}  // namespace sluice::test
