// A mounted medium, and how files and devices are read.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/direct_io.h"
#include "common/media/group_head.h"
#include "highside/media/volume_files.h"

namespace sluice::high {
namespace {

namespace fs = std::filesystem;
using media::kSectorBytes;

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) {
      ::close(value_);
    }
  }
  int get() const { return value_; }

 private:
  int value_;
};

// What lies at pages in memory passes by the page cache where the file system can do that: a volume
// is read once.
class FileSectors final : public SectorReader {
 public:
  FileSectors(int descriptor, int direct, std::uint64_t begin, std::uint64_t bytes)
      : file_(descriptor), direct_(direct), begin_(begin), bytes_(bytes) {
    ::posix_fadvise(descriptor, 0, 0, direct < 0 ? POSIX_FADV_SEQUENTIAL : POSIX_FADV_RANDOM);
  }

  std::uint64_t bytes() const override { return bytes_; }

  // At once; where that fails, sector by sector.
  std::uint64_t read(std::uint64_t offset, MutableByteView into) override {
    const std::uint64_t here = offset < bytes_ ? bytes_ - offset : 0;
    const auto inside = into.first(std::min<std::uint64_t>(here, into.size()));
    std::ranges::fill(into.subspan(inside.size()), std::uint8_t{0});
    std::uint64_t bad = (into.size() - inside.size() + kSectorBytes - 1) / kSectorBytes;
    if (fill(offset, inside)) {
      return bad;
    }
    for (std::size_t at = 0; at < inside.size(); at += kSectorBytes) {
      const auto sector = inside.subspan(at, std::min(kSectorBytes, inside.size() - at));
      if (!fill(offset + at, sector)) {
        std::ranges::fill(sector, std::uint8_t{0});
        ++bad;
      }
    }
    return bad;
  }

 private:
  bool fill(std::uint64_t offset, MutableByteView into) {
    const bool at_page = reinterpret_cast<std::uintptr_t>(into.data()) % kPageBytes == 0;
    return (at_page && direct_.get() >= 0 && fill_from(direct_.get(), offset, into)) ||
           fill_from(file_.get(), offset, into);
  }

  bool fill_from(int descriptor, std::uint64_t offset, MutableByteView into) const {
    while (!into.empty()) {
      const auto got =
          ::pread(descriptor, into.data(), into.size(), static_cast<off_t>(begin_ + offset));
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got <= 0) {
        return false;
      }
      into = into.subspan(static_cast<std::size_t>(got));
      offset += static_cast<std::uint64_t>(got);
    }
    return true;
  }

  Descriptor file_;
  Descriptor direct_;  // -1: there is no such way
  std::uint64_t begin_;
  std::uint64_t bytes_;
};

class FolderFiles final : public VolumeFiles {
 public:
  explicit FolderFiles(fs::path folder) : folder_(std::move(folder)) {}

  Result<void> look(const fs::path& below, const std::string& prefix) {
    std::error_code failure;
    for (fs::directory_iterator it(below, failure), end; !failure && it != end;
         it.increment(failure)) {
      const std::string name = prefix + it->path().filename().string();
      struct stat found{};
      if (::lstat(it->path().c_str(), &found) != 0) {
        entries_.push_back({name, 0, false});
      } else if (S_ISDIR(found.st_mode) && prefix.empty()) {
        SLUICE_TRY_VOID(look(it->path(), name + "/"));
      } else {
        entries_.push_back(
            {name, static_cast<std::uint64_t>(found.st_size), S_ISREG(found.st_mode)});
      }
      if (entries_.size() > kMaxVolumeFiles) {
        return Error{ErrorCode::kRefused, folder_.string(),
                     "has more than " + std::to_string(kMaxVolumeFiles) + " files",
                     "it is no volume; name the volumes themselves"};
      }
    }
    if (failure) {
      return errno_error(below.string(), failure.value());
    }
    return {};
  }

  void sort() { std::ranges::sort(entries_, {}, &Entry::name); }

  const std::vector<Entry>& entries() const override { return entries_; }
  Result<std::unique_ptr<SectorReader>> open(const std::string& name) const override {
    return open_sectors(folder_ / name);
  }

 private:
  fs::path folder_;
  std::vector<Entry> entries_;
};

}  // namespace

Result<std::unique_ptr<SectorReader>> open_sectors(const fs::path& path, std::uint64_t begin,
                                                   std::uint64_t bytes) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) {
    return errno_error(path.string(), errno);
  }
  struct stat found{};
  std::uint64_t size = 0;
  if (::fstat(descriptor, &found) == 0) {
    size = static_cast<std::uint64_t>(found.st_size);
    if (S_ISBLK(found.st_mode) && ::ioctl(descriptor, BLKGETSIZE64, &size) != 0) {
      size = 0;
    }
  }
  if (!S_ISREG(found.st_mode) && !S_ISBLK(found.st_mode)) {
    ::close(descriptor);
    return Error{ErrorCode::kRefused, path.string(), "is neither a file nor a disk", ""};
  }
  const std::uint64_t rest = size > begin ? size - begin : 0;
  const int direct = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECT);
  return std::unique_ptr<SectorReader>(
      new FileSectors(descriptor, direct, begin, std::min(bytes, rest)));
}

Result<std::unique_ptr<VolumeFiles>> open_folder(const fs::path& folder) {
  auto files = std::make_unique<FolderFiles>(folder);
  SLUICE_TRY_VOID(files->look(folder, ""));
  files->sort();
  return std::unique_ptr<VolumeFiles>(std::move(files));
}

}  // namespace sluice::high
