// One poll of a conda channel:
//
//   subdirs ─ GET repodata.json.zst ─> what is wanted ─ with what was shipped ─> plan
//           ─ GET, intake ─> blobs ─ whole subdirs only ─> records
//
// One conditional request for each subdir that has not changed; where the closure is asked for, the
// whole index each time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/observe/counters.h"
#include "lowside/pipeline/record_cache.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/upstream/conda/cursor.h"
#include "lowside/upstream/conda/repodata.h"
#include "lowside/upstream/conda/selection.h"
#include "lowside/upstream/conda/settings.h"
#include "sluice/conda.pb.h"

namespace sluice::low {

// One thread, used once. The settings' channel ends with a slash, no subdir stands twice.
class CondaPoll {
 public:
  CondaPoll(const CondaSettings& settings, observe::Counters& counters, PollContext& context);

  Result<Proposal> run();

 private:
  struct File {
    proto::CondaFile entry;
    conda::Package package;
    bool is_listed = false;  // by the upstream, now
    std::optional<proto::Blob> blob;
  };

  struct Subdir {
    std::string document;
    CondaTracked tracked;  // as it will be
    std::string files_at;  // where the upstream has its files; ends with a slash
    std::map<std::string, File> files;
    bool failed = false;
  };

  Result<void> ask(const std::string& subdir);
  // The index as it is now; status 304: as it was.
  Result<Document> fetch_index(const std::string& subdir, CondaTracked& tracked, bool conditional);
  Result<void> plan(const std::string& name, Subdir& subdir, std::string index);
  void keep_what_was_shipped(Subdir& subdir, const std::string& record, const Repodata& now);
  void keep(Subdir& subdir, const proto::CondaFile& before, const Repodata& now);
  void name_unmatched();

  void take_files();
  void take_file(Subdir& subdir, const std::string& name, Result<proto::Blob> blob);
  Result<Proposal> publish();
  void publish_subdir(Subdir& subdir, std::uint64_t& room, Proposal& proposal);
  static void list(const std::string& document, const File& file, Proposal& proposal);

  void fail(Error error);
  void progress(std::string_view stage, std::size_t done, std::size_t total) const;

  const CondaSettings& settings_;
  observe::Counters& counters_;
  PollContext& context_;
  RecordCache records_;
  CondaSelection selection_;
  std::string asked_for_;  // CondaTracked::asked of this poll
  CondaCursor cursor_;
  std::vector<Subdir> subdirs_;  // that have changed
  std::size_t unchanged_ = 0;    // of the others, those that answered
  std::vector<Error> problems_;
  std::optional<Error> broken_;  // our own disk, not the channel
};

}  // namespace sluice::low
