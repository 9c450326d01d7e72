// The content of one simulated file: what programs see, and what of it is on the disk.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "common/base/bytes.h"
#include "tests/support/disk_space.h"
#include "tests/support/fault_plan.h"

namespace sluice::test {

// A disk writes a sector whole or not at all.
inline constexpr std::uint64_t kSimSectorBytes = 512;

// One thread at a time.
class SimFile {
 public:
  explicit SimFile(std::shared_ptr<DiskSpace> space) : space_(std::move(space)) {}
  SimFile(const SimFile&) = delete;
  SimFile& operator=(const SimFile&) = delete;
  ~SimFile() { space_->give_back(charged_); }

  // How many names it has. Without one it takes no space, although a crash may bring a name back.
  void add_name();
  void remove_name();

  const Bytes& bytes() const { return bytes_; }
  bool read_only() const { return read_only_; }
  void make_read_only() { read_only_ = true; }

  // False when the disk is full: as with write(2), what still fitted has been written.
  bool write(std::uint64_t offset, ByteView bytes);
  // Whole sectors become holes: zeros that take no space. They are not written again.
  void punch(std::uint64_t offset, std::uint64_t length);
  std::uint64_t allocated() const;
  void sync();
  // As after fsync(2) has failed: the system takes what was not on the disk for written, so that no
  // later sync() tries it again; only writing it anew does.
  void fail_sync();
  // Each sector that is not on the disk, and the length, is as it was or as it is now. A sector
  // that was never written reads as zeros.
  void crash(Loss loss, std::mt19937_64& random);
  // Flips a bit on the disk; `bit` counts round. There must be one.
  void rot(std::uint64_t bit);

 private:
  struct Sector {
    Bytes before;          // on the disk; shorter than a sector at the end of the file
    bool dropped = false;  // sync() leaves it out
    bool hole = false;     // it takes no space on the disk
  };
  std::uint64_t needed(std::uint64_t size) const;
  bool charge(std::uint64_t size);
  void charge_anyway();
  void remember(std::uint64_t offset, std::uint64_t count);

  std::shared_ptr<DiskSpace> space_;
  Bytes bytes_;
  std::map<std::uint64_t, Sector> unsynced_;  // by the sector's number
  std::set<std::uint64_t> holes_;             // numbers of sectors
  std::uint64_t synced_size_ = 0;
  std::uint64_t charged_ = 0;
  std::size_t names_ = 0;
  bool read_only_ = false;
};

}  // namespace sluice::test
