// The link's receiver for groups of removable media: a LinkReader of its own for each group, whose
// session no other group and no link knows.
#pragma once

#include <memory>
#include <optional>

#include "common/base/clock.h"
#include "highside/catalog/publisher.h"
#include "highside/media/group_sink.h"
#include "highside/pipeline/flow.h"
#include "highside/receive/link_reader.h"

namespace sluice::high {

// One thread. All outlive it.
class MediaReceiver final : public GroupSink {
 public:
  struct Parts {
    const std::vector<TrustedStream>& streams;
    const crypto::OpeningKey& key;
    BlockConsumer& consumer;
    const Publisher& publisher;  // knows what the link said last
    const Clock& clock;
  };
  explicit MediaReceiver(Parts parts);
  ~MediaReceiver() override;

  Result<void> begin(const std::string& stream, std::vector<Bytes> announces) override;
  bool heartbeat(MutableByteView datagram) override;
  bool symbol(MutableByteView datagram) override;
  Outcome end() override;

 private:
  struct Group;
  const Parts parts_;
  ReceiveSettings settings_;
  std::unique_ptr<Group> group_;
};

}  // namespace sluice::high
