// A high side with two streams, which can be restarted over the same disk.
#pragma once

#include <gmock/gmock.h>

#include "tests/support/memory_store.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/highside/pipeline/high_side.h"

namespace sluice::test {

class ShipmentFixture : public testing::Test {
 protected:
  void SetUp() override { restart(); }

  void restart(const std::function<void(high::AssemblerSettings&)>& adjust = {}) {
    high_.reset();
    high_ = std::make_unique<HighSide>(Disk{index_, posix_file_system(), folder_.path()},
                                       HighSide::Streams{{"lab-low", low_.key().verify_key()},
                                                         {"other", other_.key().verify_key()}},
                                       adjust);
  }
  void send(Sender& sender) { high_->assembler.block(sender.block()); }
  // A shipment of one record and its blob, in one block.
  SentShipment send_one(std::uint64_t sequence, const std::string& document,
                        const std::string& body, std::vector<std::uint64_t> after = {}) {
    proto::Shipment shipment = low_.shipment(sequence, std::move(after));
    const SentBlob blob(noise(500, static_cast<std::uint32_t>(sequence)));
    add_blob(shipment, blob);
    add_record(shipment, document, body, {blob});
    SentShipment sent = low_.sign(std::move(shipment));
    send(low_.notice(sent).whole(sent.manifest).whole(blob));
    return sent;
  }
  void heartbeat(std::uint64_t last, std::uint64_t oldest) {
    high_->assembler.heartbeat(low_.stream(),
                               {UtcTime(), ShipmentSequence(last), ShipmentSequence(oldest), {}},
                               UtcTime());
  }
  bool saw_parts(std::uint64_t count) {
    return eventually([&] { return high_->parts() == count; });
  }
  bool saw_event(std::string_view name) {
    return eventually([&] { return !high_->events.named(name).empty(); });
  }
  bool is_stored(const SentBlob& blob) {
    return high_->store().find(blob.digest).value().has_value();
  }
  // Waits until there is exactly one gap and it has this state.
  bool only_gap(high::ShipmentState state) {
    return eventually([&] {
      const auto gaps = high_->gaps();
      return gaps.size() == 1 && gaps[0].state == state;
    });
  }

  TemporaryFolder folder_;
  MemoryStore index_;
  Sender low_;
  Sender other_{"other"};
  std::unique_ptr<HighSide> high_;
  SentBlob small_{noise(1000, 1001)};
  SentBlob large_{noise(300'000, 1002)};
};

}  // namespace sluice::test
