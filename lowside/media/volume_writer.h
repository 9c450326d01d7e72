// Writes the data files of one volume, group after group. docs/protocol.md, "Removable media".
#pragma once

#include <array>
#include <filesystem>
#include <future>
#include <memory>
#include <vector>

#include "common/base/direct_io.h"
#include "common/base/file_system.h"
#include "common/base/hasher.h"
#include "common/crypto/datagram_cipher.h"
#include "common/crypto/keys.h"
#include "common/media/group_head.h"
#include "lowside/media/block_feed.h"

namespace sluice::low {

// What write() makes a group of.
struct Group {
  media::GroupHead head;
  crypto::SessionKey key = crypto::SessionKey::generate();
  std::vector<Bytes> announces;  // as many as head.heads
  wire::Heartbeat heartbeat{};
  std::vector<std::unique_ptr<FedBlock>> blocks;  // as many as head.blocks
};

// Slices that are on their way to the disk while the next one is sealed and hashed.
inline constexpr std::size_t kSlicesUnderWay = 3;

// One thread at a time; the disk's writes are on threads of their own.
class VolumeWriter {
 public:
  // Begins the files of the volume in `folder`, or goes on behind the first `sectors` of each,
  // which are read again for their digests; what lies behind them goes.
  static Result<std::unique_ptr<VolumeWriter>> open(FileSystem& files,
                                                    const std::filesystem::path& folder,
                                                    std::size_t count, std::uint64_t sectors);

  // Seals and writes; the next group begins at sectors() then.
  Result<void> write(const Group& group, const crypto::SigningKey& signing);
  std::uint64_t sectors() const { return sectors_; }  // of each file
  std::size_t files() const { return data_.size(); }
  // Everything that was written is durable.
  Result<void> sync();
  // Of each file. Ends the writer.
  std::vector<Sha256Digest> finish();

 private:
  struct DataFile {
    std::unique_ptr<File> file;
    Hasher hasher{DigestAlgorithm::kSha256};
  };
  struct Slice {
    PageBuffer bytes;
    std::future<Result<void>> written;  // waits in its destructor
    Result<void> settle() { return written.valid() ? written.get() : Result<void>(); }
  };
  VolumeWriter() = default;
  Result<void> take_up(DataFile& data, const std::filesystem::path& path, std::uint64_t sectors);
  static void fill_slice(const Group& group, std::size_t file, crypto::Sealer& sealer,
                         const crypto::SigningKey& signing, MutableByteView slice);
  Result<void> settle();

  FileSystem* file_system_ = nullptr;
  std::filesystem::path folder_;
  std::vector<DataFile> data_;
  std::uint64_t sectors_ = 0;
  std::array<Slice, kSlicesUnderWay> slices_;  // end before what they write to
};

}  // namespace sluice::low
