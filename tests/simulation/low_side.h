// The low side as its daemon puts it together, without threads: each step is one unit of work of
// one of them.
#pragma once

#include <memory>
#include <vector>

#include "lowside/admit/admitter.h"
#include "lowside/admit/stored_audit_log.h"
#include "lowside/daemon/source_poll.h"
#include "lowside/spool/spool.h"
#include "lowside/transmit/transmission.h"
#include "lowside/verify/quarantine_folder.h"
#include "lowside/verify/verifier.h"
#include "tests/simulation/clock.h"
#include "tests/simulation/upstream.h"
#include "tests/simulation/wire_tap.h"

namespace sluice::sim {

struct LowSettings {
  low::SpoolSettings spool;
  low::TransmitSettings transmit;
  std::size_t lanes = 1;
};

// What outlives a crash of it.
struct LowParts {
  const LowSettings& settings;
  Disk& disk;
  const SideClock& clock;
  const crypto::SigningKey& key;
  const std::vector<crypto::SealingKey>& receivers;
  const std::vector<std::unique_ptr<Registry>>& registries;
  const UpstreamFaults& upstream_faults;
  WireTap& tap;
  Random& random;
  observe::Counters& counters;
  observe::EventSink& events;
};

class LowSide {
 public:
  static Result<std::unique_ptr<LowSide>> open(const LowParts& parts);
  ~LowSide();

  bool poll_due(std::size_t source) const;
  void poll(std::size_t source);
  void poll_soon(std::size_t source) { next_poll_[source] = {}; }
  bool build();
  // False when nothing was due.
  bool send(std::size_t lane);
  SteadyTime next_send(std::size_t lane) const { return next_send_[lane]; }
  SteadyTime next_poll(std::size_t source) const { return next_poll_[source]; }

  low::Spool& spool() { return *spool_; }
  low::Transmission& transmission() { return *transmission_; }

 private:
  class Intake;
  class WatchedOutbox;

  explicit LowSide(const LowParts& parts);
  Result<void> open_stores();
  Result<void> open_link();

  const LowParts parts_;
  std::unique_ptr<store::BlobStore> blobs_;
  std::unique_ptr<low::Spool> spool_;
  std::unique_ptr<low::QuarantineFolder> quarantine_;
  std::unique_ptr<low::StoredAuditLog> audit_;
  std::unique_ptr<low::Verifier> verifier_;
  std::unique_ptr<low::Admitter> admitter_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<RegistryFetch> fetch_;
  std::unique_ptr<WatchedOutbox> outbox_;
  std::unique_ptr<low::Transmission> transmission_;
  std::vector<std::unique_ptr<low::SourcePoll>> sources_;
  std::vector<SteadyTime> next_poll_;
  std::vector<SteadyTime> next_send_;
};

}  // namespace sluice::sim
