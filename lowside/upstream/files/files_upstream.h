// Plain files as an upstream: a drop folder, a list of URLs with digests, checksum files.
//
// A file of the list is fetched once; its digest pins it, so it is not asked for again. A line that
// goes from the list withdraws its file, but only at polls where the whole list could be read. What
// was taken from the drop folder stays published; a new file of the same path replaces it. The same
// holds for what a publisher's checksum file names, and no longer names.
#pragma once

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "lowside/pipeline/drop_folder.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/upstream/files/cursor.h"
#include "lowside/upstream/files/settings.h"
#include "lowside/upstream/files/url_list.h"

namespace sluice::low {

class FilesUpstream final : public Upstream {
 public:
  // `context.work` of its polls must lie on the spool's file system.
  FilesUpstream(FilesSettings settings, FileSystem& files, const Clock& clock)
      : settings_(std::move(settings)),
        files_(files),
        clock_(clock),
        drop_({settings_.drop_folder, settings_.collection, settings_.settle, settings_.done_folder,
               settings_.size_limit},
              files, clock) {}

  const std::string& name() const override { return settings_.name; }
  std::chrono::seconds interval() const override { return settings_.interval; }
  // Errors: the folder or the list cannot be read, the disk is full, the program stops. What
  // concerns one file is a problem of the proposal.
  Result<Proposal> poll(PollContext& context) override;

 private:
  struct Poll;  // one poll under way

  Result<void> poll_drop_folder(Poll& poll);
  Result<void> take_dropped(Poll& poll, const std::string& path, const FileState& state);
  Result<void> poll_list(Poll& poll);
  Result<std::vector<ListedUrl>> wanted_of_list(Poll& poll, bool& whole);
  Result<void> poll_checksums(Poll& poll);
  Result<std::vector<ListedUrl>> wanted_of_checksums(Poll& poll, const std::string& uri);
  bool is_selected(const std::string& path) const;
  Result<void> take_listed(Poll& poll, const std::vector<ListedUrl>& wanted,
                           std::map<std::string, std::string>& published);
  Result<void> fetch(Poll& poll, const std::vector<ListedUrl>& missing,
                     std::map<std::string, std::string>& published);
  void withdraw(Poll& poll, const std::vector<ListedUrl>& wanted);
  Result<void> list_closure(Poll& poll, const std::vector<ListedUrl>& wanted,
                            const std::map<std::string, std::string>& published);
  void publish(Poll& poll, const std::string& path, proto::Blob blob, UtcTime modified);

  FilesSettings settings_;
  FileSystem& files_;
  const Clock& clock_;
  DropFolder drop_;
  std::map<std::string, Document> checksum_files_;  // by address: as they came last
};

}  // namespace sluice::low
