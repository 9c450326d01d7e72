// Media types told from content by libmagic.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/error.h"

struct magic_set;

namespace sluice::low {

// Callable from any thread: a cookie of libmagic is used by one thread at a time, so there are as
// many as threads have ever asked at once.
class ContentTypes {
 public:
  ContentTypes();
  ~ContentTypes();

  // "application/gzip"; "inode/x-empty" for no bytes at all. Reads at most the file's first MiB.
  // kIo: it cannot be read; kExhausted: not now, for want of descriptors.
  Result<std::string> type_of(const std::filesystem::path& path);

 private:
  struct Closer {
    void operator()(magic_set* cookie) const;
  };
  using Cookie = std::unique_ptr<magic_set, Closer>;

  Result<Cookie> take();
  void give_back(Cookie cookie);

  std::mutex mutex_;
  std::vector<Cookie> idle_;
};

}  // namespace sluice::low
