// The files of one archive of images, be it a tar, packed or not, or a folder. Nothing is unpacked
// under a name that the archive gives.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>

#include "lowside/pipeline/drop_folder.h"

namespace sluice::low {

// One thread at a time. `DropFolder` outlives it.
class ImageFiles {
 public:
  using Sizes = std::map<std::string, std::uint64_t>;  // of regular files, by name

  virtual ~ImageFiles() = default;

  const Sizes& sizes() const { return sizes_; }
  // The file that a name stands for, through links inside of the archive; empty: it stands for
  // none.
  std::string resolve(const std::string& name) const;

  // Gives those of `names` (of sizes()) to `take` in the archive's order, each once; what it does
  // not read is skipped. Errors: those of `take`; kInvalid: the archive is damaged; kUnavailable:
  // it changed meanwhile.
  using Take = std::function<Result<void>(const std::string& name, const DropFolder::Read& read)>;
  virtual Result<void> read(const std::set<std::string>& names, const Take& take,
                            const std::stop_token& stop) = 0;
  // Whole small files: of at most `limit` bytes each, and 64 MiB together (kRefused).
  Result<std::map<std::string, std::string>> texts(const std::set<std::string>& names,
                                                   std::uint64_t limit,
                                                   const std::stop_token& stop);

 protected:
  Sizes sizes_;
  std::map<std::string, std::string> links_;  // name -> name
};

// Reads through the archive once. Plain tar, or packed by gzip, xz, zstd or bzip2. kRefused: it has
// what stands outside of it, a name twice, or too much.
Result<std::unique_ptr<ImageFiles>> open_image_tar(DropFolder& drop, const std::string& path,
                                                   const FileState& state,
                                                   const std::stop_token& stop);

// Those files of `all` whose paths begin with `prefix`, which is left out of their names. They have
// their states from a scan.
std::unique_ptr<ImageFiles> open_image_folder(DropFolder& drop, const std::string& prefix,
                                              const std::map<std::string, FileState>& all);

}  // namespace sluice::low
