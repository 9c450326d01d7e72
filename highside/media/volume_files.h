// The files of one volume, wherever they lie: in a folder (a mounted medium), in an ISO 9660 image,
// or in an image whose file system cannot be read any more. Nothing is ever written there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice::high {

// Files of a volume that are looked at; ours has up to 71.
inline constexpr std::size_t kMaxVolumeFiles = 1000;

// Reads what can be read. One thread at a time.
class SectorReader {
 public:
  virtual ~SectorReader() = default;
  // Fills all of `into`; sectors that cannot be read, or lie beyond the end, become zeros. Returns
  // how many those were. `offset` is a multiple of the sector's size.
  virtual std::uint64_t read(std::uint64_t offset, MutableByteView into) = 0;
  virtual std::uint64_t bytes() const = 0;
};

class VolumeFiles {
 public:
  virtual ~VolumeFiles() = default;
  struct Entry {
    std::string name;  // "data/00.sluice", as it stands on the medium
    std::uint64_t bytes = 0;
    bool regular = true;  // false: a link, a device, a folder too deep
  };
  virtual const std::vector<Entry>& entries() const = 0;
  virtual Result<std::unique_ptr<SectorReader>> open(const std::string& name) const = 0;
  // Whether the file system was damaged and the data found by its own sectors; then there are no
  // papers.
  virtual bool salvaged() const { return false; }
};

// A file or a device, read from `begin` on.
Result<std::unique_ptr<SectorReader>> open_sectors(const std::filesystem::path& path,
                                                   std::uint64_t begin = 0,
                                                   std::uint64_t bytes = UINT64_MAX);

// kNotFound: there is no such folder. kRefused: more than kMaxVolumeFiles.
Result<std::unique_ptr<VolumeFiles>> open_folder(const std::filesystem::path& folder);
// An image in a file, or a device. kInvalid: neither a file system nor sectors of a volume.
Result<std::unique_ptr<VolumeFiles>> open_image(const std::filesystem::path& image);

}  // namespace sluice::high
