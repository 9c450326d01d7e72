// Small blobs that were committed together, as one file: a pack. It is written once and never
// again; a blob that goes leaves a hole, so that its blocks are free at once, and the last one
// takes the file with it.
//
//   <folder>/17   each blob from a block's beginning on; what is between them was never written
//
// What lives in a pack is told by the entries of the index alone. Here it is counted, at the start
// and as blobs come and go: a pack in which nothing lives is garbage. So a crash needs no repair
// but sweep(): a pack whose batch was never written is removed, and what was freed only in the
// index is made a hole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/file_system.h"

namespace sluice::store {

struct PackPlace {
  std::uint64_t pack = 0;    // from 1 on
  std::uint64_t offset = 0;  // of the blob's first byte

  bool operator==(const PackPlace&) const = default;
};

// Callable from any thread, except for what is said of the start.
class PackFolder {
 public:
  // Where a blob begins: at a block of ext4, xfs and btrfs, so that a hole frees all of it. Where
  // blocks are larger, some of its bytes stay until its neighbours go.
  static constexpr std::uint64_t kBlockBytes = 4096;
  // Smaller blobs would waste more of their block than a value of the index costs.
  static constexpr std::uint64_t kMinBlobBytes = 4096;
  // Of the blobs of one commit together: less is written faster with the batch than synced twice
  // more, the file and its folder.
  static constexpr std::uint64_t kMinPackBytes = std::uint64_t{256} << 10;

  // `files` outlives it.
  PackFolder(FileSystem& files, std::filesystem::path folder);

  static bool can_be(const PackPlace& place, std::uint64_t size);
  std::filesystem::path path(std::uint64_t pack) const;

  // The start, by one thread: make(), add() for each blob, then sweep().
  Result<void> make();
  struct Living {
    PackPlace place;
    std::uint64_t size;
  };
  // Calls back with every blob that lives in a pack.
  using Walk = std::function<Result<void>(const std::function<void(const Living&)>& each)>;
  // Removes packs in which nothing lives. Where a pack takes more of the disk than what lives in it
  // (a crash came before a hole was made, or took it back), its holes are made anew; for that the
  // blobs are walked once more.
  Result<void> sweep(const Walk& walk);

  // A pack that is being written, by one thread.
  class Writer {
   public:
    Result<PackPlace> add(ByteView blob);
    std::uint64_t pack() const { return pack_; }
    // With all that add() was given, to be synced by the caller.
    std::unique_ptr<File> release() { return std::move(file_); }

   private:
    friend class PackFolder;
    Writer(std::uint64_t pack, std::unique_ptr<File> file) : pack_(pack), file_(std::move(file)) {}
    std::uint64_t pack_;
    std::unique_ptr<File> file_;
    std::uint64_t end_ = 0;
  };
  // A number is given once. Durable after the file's sync and sync().
  Result<Writer> write();
  Result<void> sync();
  // No batch has named it.
  void discard(std::uint64_t pack);

  // The whole blob. kNotFound, kIntegrity (too short) or what the disk says; zeros where the blob
  // has been removed meanwhile, which the caller has to find out.
  Result<std::string> read(const PackPlace& place, std::uint64_t size) const;
  Result<bool> exists(std::uint64_t pack) const;
  void drop_from_cache(const PackPlace& place, std::uint64_t size) const;

  // After the batch that gives or takes the blob's entry is durable. remove() frees the space; what
  // it cannot free is left to the next start.
  void add(const PackPlace& place, std::uint64_t size);
  void remove(const PackPlace& place, std::uint64_t size);

  // Packs whose batch has failed: it may come back after a crash, until another has been written.
  // While there are any, no more are to be made: a disk that is full would take one at each
  // attempt.
  void keep_loose(std::uint64_t pack);
  std::vector<std::uint64_t> loose() const;
  // Of these no batch will come back: one that was begun after theirs had failed was written.
  void drop_loose(const std::vector<std::uint64_t>& packs);

 private:
  struct Use {
    std::uint64_t blobs = 0;
    std::uint64_t blocks = 0;
  };
  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
  };
  Result<void> make_holes(std::uint64_t pack, std::vector<Range> between);
  Result<std::vector<std::uint64_t>> packs_with_lost_holes() const;

  FileSystem& files_;
  const std::filesystem::path folder_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Use> used_;  // by pack: those in which something lives
  std::uint64_t next_ = 1;
  std::vector<std::uint64_t> loose_;
};

}  // namespace sluice::store
