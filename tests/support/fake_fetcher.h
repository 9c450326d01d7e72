// For tests of the stages after fetch: makes the type that only fetch can make, so it must not be
// linked together with lowside/fetch.
#pragma once

#include "common/base/file_system.h"
#include "common/base/hasher.h"
#include "lowside/pipeline/files.h"

namespace sluice::low {

class Fetcher {
 public:
  // Writes `content` to `path` and says that it was fetched.
  static FetchedFile fetched(const std::filesystem::path& path, std::string_view content,
                             FetchRequest request) {
    return fetched(posix_file_system(), path, content, std::move(request)).value();
  }
  // The same on a disk that may fail. As the real one it leaves the sync to who commits the file.
  static Result<FetchedFile> fetched(FileSystem& files, const std::filesystem::path& path,
                                     std::string_view content, FetchRequest request) {
    SLUICE_TRY(const auto file, files.open_for_writing(path));
    SLUICE_TRY_VOID(file->write_at(0, as_bytes(content)));
    MultiHasher hasher(request.digests, content.size());
    hasher.update(as_bytes(content));
    return FetchedFile(PassKey<Fetcher>(), std::move(request), StagingPath(path), content.size(),
                       hasher.finish());
  }
};

}  // namespace sluice::low
