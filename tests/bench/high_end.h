// The high side from the assembler to the catalog, joined as the daemon joins it.
#pragma once

#include <filesystem>
#include <memory>

#include "common/base/clock.h"
#include "common/store/disk_blob_store.h"
#include "highside/assemble/assembler.h"
#include "highside/catalog/publisher.h"
#include "highside/commit/committer.h"
#include "highside/mirror/files/record_check.h"

namespace sluice::bench {

class HighEnd {
 public:
  HighEnd(const std::filesystem::path& folder, const crypto::VerifyKey& key,
          observe::Counters& counters, observe::EventSink& events);
  ~HighEnd();

  high::BlockConsumer& consumer() { return *assembler_; }
  std::size_t listed() const;  // documents of the current edition

 private:
  const SystemClock clock_;
  high::FileRecordCheck check_;
  std::unique_ptr<store::KeyValueStore> index_;
  std::unique_ptr<store::DiskBlobStore> store_;
  std::unique_ptr<high::Catalog> catalog_;
  std::unique_ptr<high::Publisher> publisher_;
  std::unique_ptr<high::Committer> committer_;
  std::unique_ptr<high::Assembler> assembler_;
};

}  // namespace sluice::bench
