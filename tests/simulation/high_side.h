// The high side as its daemon puts it together, without threads: each step is one unit of work of
// one of them.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "highside/assemble/assembler.h"
#include "highside/catalog/catalog.h"
#include "highside/catalog/publisher.h"
#include "highside/commit/committer.h"
#include "highside/daemon/stored_epochs.h"
#include "highside/mirror/files/files_mirror.h"
#include "highside/mirror/files/record_check.h"
#include "highside/receive/link_reader.h"
#include "tests/simulation/clock.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/wire_tap.h"

namespace sluice::sim {

struct HighSettings {
  high::ReceiveSettings receive;
  high::AssemblerSettings assemble;
  high::CommitterSettings commit;
  high::PublisherSettings publish;
  std::uint64_t pack_from = 1;  // bytes: DiskBlobStore::open()
};

// What outlives a crash of it.
struct HighParts {
  const HighSettings& settings;
  Disk& disk;
  const SideClock& clock;
  const crypto::OpeningKey& key;
  const std::vector<high::TrustedStream>& streams;
  link::DatagramSource& source;
  const WireTap& tap;
  observe::Counters& counters;
  observe::EventSink& events;
};

class HighSide {
 public:
  static Result<std::unique_ptr<HighSide>> open(const HighParts& parts);

  // Each: false when there was nothing to do.
  bool deliver();
  bool tick();
  bool assemble();
  bool keep();
  bool commit();
  bool publish() { return publisher_.step(); }
  // What a stop in good order does after the last step.
  void save_progress() { assembler_.save_all(); }

  const high::Catalog& catalog() const { return catalog_; }
  const high::Publisher& publisher() const { return publisher_; }
  const high::FilesMirror& mirror() const { return mirror_; }
  const store::BlobStore& blobs() const { return *blobs_; }

  // Throws Violation: more in a queue than its limit, a datagram taken twice, an older session.
  void check_bounds() const;
  // The current session's epoch; 0 if there is none.
  Epoch check_session();

 private:
  HighSide(const HighParts& parts, std::unique_ptr<store::BlobStore> blobs);
  Result<void> start();
  void note(ByteView datagram);
  bool room() const;
  bool room_for_blobs() const;

  const HighParts parts_;
  high::FileRecordCheck check_;
  std::unique_ptr<store::BlobStore> blobs_;
  high::Catalog catalog_;
  high::Publisher publisher_;
  high::Committer committer_;
  high::Assembler assembler_;
  high::StoredEpochs epochs_;
  high::LinkReader reader_;
  high::FilesMirror mirror_;

  Bytes memory_;
  std::vector<link::ReceiveBuffer> buffers_;
  SteadyTime next_commit_;  // after it stalled
  SteadyTime next_keep_;
  // Counters of genuine datagrams that this run was given, by session and lane.
  std::map<std::pair<std::uint64_t, std::uint8_t>, std::set<std::uint64_t>> given_;
};

}  // namespace sluice::sim
