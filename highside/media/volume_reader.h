// Takes the groups of one volume from its data files, and hands their datagrams on.
//
//   load(): heads, slices, digests ── while ── feed(): GroupSink, block after block
//        (a thread for each group)
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "common/base/direct_io.h"
#include "common/base/hasher.h"
#include "common/crypto/keys.h"
#include "common/media/group_head.h"
#include "highside/media/group_sink.h"
#include "highside/media/volume_files.h"

namespace sluice::high {

// A group is held in memory, and the next one beside it. Ours have 40 MiB.
inline constexpr std::uint64_t kMaxGroupBytes = std::uint64_t{1} << 30;

struct VolumeIdentity {
  std::string stream;
  std::uint64_t bundle = 0;
  std::uint16_t volume = 0;
  bool operator==(const VolumeIdentity&) const = default;
};

struct VolumeOutcome {
  std::uint64_t groups = 0;
  std::uint64_t blocks = 0;       // of those groups
  std::uint64_t lost_blocks = 0;  // that could not be brought back
  std::uint64_t lost_groups = 0;  // of which not even a head is left
  std::uint64_t recovered = 0;    // symbols
  std::uint64_t bad_sectors = 0;  // that could not be read
  bool ended = false;             // the last group was there
  // Of each data file, where it was read whole; by its number.
  std::vector<std::optional<Sha256Digest>> digests;

  bool whole() const { return ended && lost_blocks == 0 && lost_groups == 0; }
};

// Slices that the disk is asked for while the one before them is hashed.
inline constexpr std::size_t kSlicesAhead = 3;

// One thread; the disk's reads are on threads of their own.
class VolumeReader {
 public:
  // `files` must outlive it. None of the data files need be there.
  explicit VolumeReader(const VolumeFiles& files);

  // What the first head says that `sender` signed; none: there is none. For a volume whose manifest
  // cannot be read.
  std::optional<VolumeIdentity> identity(
      const std::vector<std::pair<std::string, crypto::VerifyKey>>& senders);

  // `bytes` grows with what was read. kCancelled; kRefused, kIntegrity: what the sink refused, when
  // nothing of the volume was handed on.
  Result<VolumeOutcome> run(const VolumeIdentity& volume, const crypto::VerifyKey& sender,
                            GroupSink& sink, std::atomic<std::uint64_t>& bytes,
                            const std::stop_token& stop);

 private:
  struct DataFile {
    std::unique_ptr<SectorReader> reader;  // null: it is not there
    Hasher hasher{DigestAlgorithm::kSha256};
    bool in_order = true;  // all that was read so far was hashed
  };
  struct Loaded {
    media::GroupHead head;
    std::vector<Bytes> announces;
    std::uint64_t skipped_groups = 0;
    std::uint64_t bad_sectors = 0;
    std::vector<PageBuffer> slices;  // of each file
  };
  struct Wanted {
    const VolumeIdentity& volume;
    const crypto::VerifyKey& sender;
  };

  void read_slices(std::uint64_t sector, Loaded& loaded);
  std::optional<Loaded> load(const Wanted& wanted, std::uint64_t sector, std::uint32_t group);
  bool find_heads(const Wanted& wanted, std::uint64_t sector, std::uint32_t group, Loaded& loaded);
  std::optional<media::GroupHead> next_head(const Wanted& wanted, std::uint64_t sector,
                                            std::uint32_t group);
  std::uint64_t sectors() const;  // of the longest file
  Result<void> feed(Loaded& loaded, const VolumeIdentity& volume, GroupSink& sink,
                    VolumeOutcome& outcome);

  std::vector<DataFile> data_;  // by number
};

}  // namespace sluice::high
