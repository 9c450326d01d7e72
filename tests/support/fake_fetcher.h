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
    write_file_durably(posix_file_system(), path, as_bytes(content)).value();
    MultiHasher hasher(request.digests, content.size());
    hasher.update(as_bytes(content));
    return {PassKey<Fetcher>(), std::move(request), StagingPath(path), content.size(),
            hasher.finish()};
  }
};

}  // namespace sluice::low
