// Writes a bundle: volumes of a size, with their papers.
//
//   BlockFeed ─ group of blocks ─> VolumeWriter (a thread for each group: seals, writes, hashes)
//                    while the next group is built
//
// A checkpoint every gigabyte makes the data durable and then the journal. When all data is there
// the papers of every volume are written, because each names all of them, then the images, and the
// journal goes.
#pragma once

#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/crypto/keys.h"
#include "common/observe/counters.h"
#include "lowside/media/block_feed.h"
#include "lowside/media/journal.h"
#include "lowside/media/volume_writer.h"

namespace sluice::low {

struct ExportOptions {
  std::filesystem::path folder;  // the volumes' folders are made in it
  // Bytes of data that a group has at the most: two groups are held in memory, with their parity.
  std::uint64_t group_bytes = std::uint64_t{32} << 20;
  // Written between two checkpoints; a resumed export repeats as much.
  std::uint64_t checkpoint_bytes = std::uint64_t{1} << 30;
};

// Of a block, so that a volume of this size has some.
std::size_t export_block_bytes(std::uint64_t volume_bytes);

struct ExportProgress {
  std::uint64_t bytes = 0;  // written to the volumes
  std::uint64_t shipments_done = 0;
  std::uint64_t shipments = 0;
  std::uint64_t volumes = 0;  // closed
};

// All outlive it.
struct ExportParts {
  BlockFeed& feed;
  FileSystem& files;
  const crypto::SigningKey& signing;
  const std::vector<crypto::SealingKey>& receivers;
  const Clock& clock;
  observe::Counters& counters;
};

class Exporter {
 public:
  // `journal` is a new one, or what read_journal() gave of the same export.
  Exporter(ExportOptions options, Journal journal, ExportParts parts);

  // To its end. kCancelled: it can go on later, as after any failure.
  Result<void> run(const std::stop_token& stop);
  ExportProgress progress() const;  // any thread
  // After run(): where the volumes and images are.
  const std::vector<std::filesystem::path>& made() const { return made_; }

 private:
  Result<void> write_data(const std::stop_token& stop);
  Result<void> write_volume(const std::stop_token& stop);
  Result<std::unique_ptr<Group>> build_group();
  void announce(Group& group) const;
  bool has_room(std::vector<std::uint32_t> blocks) const;  // for one more beside these
  Result<void> start_write(std::unique_ptr<Group> group);
  Result<void> finish_write();
  Result<void> checkpoint();
  Result<void> close_volume();
  std::uint16_t volume() const { return static_cast<std::uint16_t>(journal_.closed.size() + 1); }
  std::filesystem::path volume_folder(std::uint16_t volume) const;
  void show_progress(std::uint64_t bytes);

  // Papers (export_papers.cpp).
  Result<void> write_papers();
  Result<void> write_papers_of(std::uint16_t volume, const media::VolumeManifest& common);
  Result<media::VolumeManifest> common_manifest() const;
  Result<void> add_contents(const ClosedVolume& closed, media::VolumeManifest& manifest) const;
  Result<void> add_file(const std::string& name, const std::string& content,
                        const std::filesystem::path& folder, media::VolumeManifest& manifest) const;
  Result<void> make_images(const std::stop_token& stop);
  std::string shipments_of(const ClosedVolume& volume) const;

  const ExportOptions options_;
  Journal journal_;
  const ExportParts parts_;
  std::uint64_t capacity_;  // sectors of a volume's data files together
  std::uint32_t block_bytes_;

  std::unique_ptr<VolumeWriter> writer_;
  FeedPosition position_;  // what the next group begins with
  std::uint64_t next_group_ = 0;
  std::uint64_t next_sector_ = 0;
  std::unique_ptr<Group> writing_;  // while `pending_` is at it
  FeedPosition behind_writing_;
  std::future<Result<void>> pending_;
  std::uint64_t since_checkpoint_ = 0;
  std::vector<std::filesystem::path> made_;

  mutable std::mutex mutex_;
  ExportProgress progress_;  // guarded by mutex_
};

// Of a volume's bytes, those that its papers and the file system may take.
std::uint64_t papers_reserve(std::uint64_t volume_bytes);

}  // namespace sluice::low
