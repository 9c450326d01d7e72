// Archives of images in a drop folder, as a poll of images asks for them.
//
//   files of the folder ─ settled ─> archives ─ read once ─> names, manifests, digests of files
//                                        └──── a blob is asked for: one pass through its archive
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/observe/counters.h"
#include "lowside/pipeline/drop_folder.h"
#include "lowside/upstream/oci/image_archive.h"
#include "lowside/upstream/oci/origin.h"

namespace sluice::low {

// An archive is a file, which may be a SIF image, or a folder with an OCI layout. Of two that give
// one name to two images the one that was modified last counts. One that was refused is left alone
// until it changes. One thread at a time; what it refers to outlives it.
class OciDropImages final : public OciOrigin {
 public:
  OciDropImages(DropSettings settings, FileSystem& files, const Clock& clock,
                observe::Counters& counters);

  // What is in the folder now; archives that were read before are read again only if they have
  // changed. Errors: the folder cannot be read, the program stops. What concerns one archive is
  // added to `problems`.
  Result<void> look(PollContext& context, std::vector<Error>& problems);
  std::set<ImageName> names() const;

  std::string_view evidence() const override { return "image-archive"; }
  std::string uri(const std::string& repository, const std::string& path) const override;
  void documents(PollContext& context, const std::vector<AskedDocument>& asked,
                 const std::function<void(std::size_t index, Result<Document>)>& done) override;
  Result<Document> document(PollContext& context, const AskedDocument& asked) override;
  void files(PollContext& context, const std::vector<AskedFile>& asked,
             const std::function<void(std::size_t index, Result<FetchedFile>)>& done) override;
  void refused(const Sha256Digest& digest, const Error& why) override;

 private:
  using Key = std::map<std::string, FileState>;  // the files that it consists of
  struct Known {
    Key key;
    std::vector<Error> problems;  // told at each poll
    bool is_refused = false;
    ImageArchive archive;
    std::unique_ptr<ImageFiles> files;
  };
  using Archives = std::map<std::string, Known>;  // by path
  using Done = std::function<void(std::size_t index, Result<FetchedFile>)>;
  struct Wanted {
    std::size_t index;
    const AskedFile* asked;
  };
  using Members = std::map<std::string, Wanted>;  // by name in the archive

  static std::map<std::string, Key> group(const DropFolder::Scan& scan);
  Result<void> read(const std::string& path, Known& known, PollContext& context);
  void refuse(Known& known, Error why);
  Error of_archive(const std::string& path, Error error) const;
  const ImageArchive::Manifest* tagged(const ImageName& name) const;
  Archives::iterator holder(const Sha256Digest& digest);
  Result<FetchedFile> made(const std::string& path, const std::string& bytes,
                           const FetchRequest& request, PollContext& context);
  void take(const std::string& path, Known& known, Members members, PollContext& context,
            const Done& done);
  Document tags(const std::string& repository) const;
  Document referrers(const Sha256Digest& subject) const;
  std::string rest_of(const std::string& repository, const std::string& uri) const;

  const std::string serve_as_;
  observe::Counters& counters_;
  DropFolder drop_;
  Archives archives_;
  std::map<Sha256Digest, std::string> given_;  // to the archive that it came from, of this poll
};

}  // namespace sluice::low
