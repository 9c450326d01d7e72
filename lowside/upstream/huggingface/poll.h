// One poll of a Hugging Face Hub:
//
//   wants ─ GET revision ─> commits ─ GET tree ─> files ─ select ─ GET, intake ─> blobs
//        ─ whole revisions only ─> records
//
// One conditional request for each want that has not changed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/observe/counters.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/upstream/huggingface/cursor.h"
#include "lowside/upstream/huggingface/hub_answers.h"
#include "lowside/upstream/huggingface/selection.h"
#include "lowside/upstream/huggingface/settings.h"
#include "lowside/upstream/huggingface/want.h"

namespace sluice::low {

// One thread, used once. The settings' hub ends with a slash.
class HuggingFacePoll {
 public:
  HuggingFacePoll(const HuggingFaceSettings& settings, const Selection& selection,
                  observe::Counters& counters, PollContext& context);

  Result<Proposal> run();

 private:
  using RevisionId = std::pair<huggingface::Repository, std::string>;  // and its commit

  struct Asked {
    HuggingFaceWant want;
    std::string commit;  // empty: there was no answer, or it has not changed
    std::string etag;
  };

  struct Revision {
    HubRevision said;
    HubTree tree;                    // of what is wanted
    std::vector<proto::Blob> blobs;  // one for each of the tree's files
    bool failed = false;
    bool shipped = false;  // before: it is only listed
  };

  Result<void> read_token();
  void read_wants();
  Result<void> ask_for_commits();
  void take_commit(Asked& asked, const std::string& uri, const Document& answer);
  void list_files();
  Result<HubTree> list(const RevisionId& id);
  void select(HubTree& tree) const;
  void take_files();
  void take_file(const RevisionId& id, std::size_t file, Result<proto::Blob> blob);
  Result<Proposal> publish();
  void publish_revision(const RevisionId& id, Revision& revision, Proposal& proposal);
  void publish_refs(Proposal& proposal);
  Result<void> list_closure(Proposal& proposal) const;
  bool is_old(const Asked& asked, const HubRevision& said);

  bool is_shipped(const RevisionId& id) const;
  void fail(Error error);
  std::vector<std::pair<std::string, std::string>> headers() const;
  void progress(std::string_view stage, std::size_t done, std::size_t total) const;

  const HuggingFaceSettings& settings_;
  const Selection& selection_;
  observe::Counters& counters_;
  PollContext& context_;
  std::string token_;
  HuggingFaceCursor cursor_;
  std::vector<Asked> asked_;
  std::map<RevisionId, Revision> revisions_;  // that are to be shipped
  std::vector<Error> problems_;
  std::optional<Error> broken_;  // our own disk, not the hub
};

}  // namespace sluice::low
