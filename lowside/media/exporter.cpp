#include "lowside/media/exporter.h"

#include <algorithm>

#include "common/base/limits.h"
#include "common/base/threads.h"
#include "common/crypto/random.h"
#include "common/media/layout.h"

namespace sluice::low {
namespace {

using media::kSectorBytes;

// A volume has at least so many blocks' room: what is left of the last is wasted.
constexpr std::uint64_t kBlocksInSmallest = 16;
constexpr std::uint64_t kLargestBlock = std::uint64_t{4} << 20;
constexpr std::uint64_t kMinReserve = std::uint64_t{1} << 20;
constexpr std::uint64_t kMaxReserve = std::uint64_t{16} << 20;
constexpr std::uint64_t kReserveShare = 50;

std::size_t announces_for(std::size_t receivers) {
  return (receivers + wire::kMaxReceiversPerAnnounce - 1) / wire::kMaxReceiversPerAnnounce;
}

}  // namespace

std::size_t export_block_bytes(std::uint64_t volume_bytes) {
  return std::clamp<std::uint64_t>(volume_bytes / kBlocksInSmallest, limits::kMinBlockBytes,
                                   kLargestBlock);
}

std::uint64_t papers_reserve(std::uint64_t volume_bytes) {
  return std::clamp(volume_bytes / kReserveShare, kMinReserve, kMaxReserve);
}

Exporter::Exporter(ExportOptions options, Journal journal, ExportParts parts)
    : options_(std::move(options)),
      journal_(std::move(journal)),
      parts_(parts),
      capacity_((journal_.size - papers_reserve(journal_.size)) / kSectorBytes),
      block_bytes_(static_cast<std::uint32_t>(export_block_bytes(journal_.size))) {
  progress_.shipments = parts_.feed.shipments().size();
  for (const ClosedVolume& closed : journal_.closed) {
    progress_.bytes += closed.bytes;
  }
  show_progress(0);
}

Result<void> Exporter::run(const std::stop_token& stop) {
  if (announces_for(parts_.receivers.size()) > media::kMaxHeads) {
    return Error{ErrorCode::kRefused, "keys.receivers",
                 "more than " + std::to_string(media::kMaxHeads * wire::kMaxReceiversPerAnnounce) +
                     " sites cannot open one volume",
                 "export for some of them at a time"};
  }
  SLUICE_TRY_VOID(write_journal(parts_.files, options_.folder, journal_));
  const Result<void> data = journal_.data_done ? Result<void>() : write_data(stop);
  if (pending_.valid()) {
    static_cast<void>(pending_.get());  // after a failure; its blocks must not outlive the feed
    writing_.reset();
  }
  SLUICE_TRY_VOID(data);
  SLUICE_TRY_VOID(write_papers());
  SLUICE_TRY_VOID(make_images(stop));
  SLUICE_TRY_VOID(parts_.files.remove(options_.folder / kJournalFile));
  return parts_.files.sync_directory(options_.folder);
}

std::filesystem::path Exporter::volume_folder(std::uint16_t volume) const {
  return options_.folder / media::volume_name(journal_.stream, journal_.bundle, volume);
}

Result<void> Exporter::write_data(const std::stop_token& stop) {
  position_ = journal_.position;
  while (position_.shipment < parts_.feed.shipments().size() || journal_.files > 0) {
    if (journal_.closed.size() >= media::kMaxVolumes) {
      return Error{ErrorCode::kRefused, "export",
                   "more than " + std::to_string(media::kMaxVolumes) + " volumes",
                   "choose larger media or fewer shipments"};
    }
    SLUICE_TRY_VOID(write_volume(stop));
  }
  journal_.data_done = true;
  return write_journal(parts_.files, options_.folder, journal_);
}

// Whether a block of the largest size still fits the volume, in the group that has these.
bool Exporter::has_room(std::vector<std::uint32_t> blocks) const {
  media::GroupHead head;
  head.files = media::kDataFiles;
  head.heads = static_cast<std::uint8_t>(announces_for(parts_.receivers.size()));
  head.blocks = std::move(blocks);
  head.blocks.push_back(block_bytes_);
  return (next_sector_ + media::slice_sectors(head)) * head.files <= capacity_;
}

Result<void> Exporter::write_volume(const std::stop_token& stop) {
  next_group_ = journal_.groups;
  next_sector_ = journal_.sectors;
  if (journal_.files > 0) {
    SLUICE_TRY(writer_, VolumeWriter::open(parts_.files, volume_folder(volume()), journal_.files,
                                           journal_.sectors));
  } else {
    journal_.first = position_.shipment;
  }
  while (position_.shipment < parts_.feed.shipments().size() && has_room({})) {
    if (stop.stop_requested()) {
      SLUICE_TRY_VOID(finish_write());
      SLUICE_TRY_VOID(checkpoint());
      return Error{ErrorCode::kCancelled, "export", "it was stopped",
                   "the same command goes on where it was"};
    }
    SLUICE_TRY(auto group, build_group());
    SLUICE_TRY_VOID(start_write(std::move(group)));
  }
  SLUICE_TRY_VOID(finish_write());
  return close_volume();
}

Result<std::unique_ptr<Group>> Exporter::build_group() {
  auto group = std::make_unique<Group>();
  media::GroupHead& head = group->head;
  head.stream = journal_.stream;
  head.bundle = journal_.bundle;
  head.volume = volume();
  head.group = static_cast<std::uint32_t>(next_group_);
  head.sector = next_sector_;
  head.session = SessionId(crypto::random_u64());
  head.files = media::kDataFiles;
  head.heads = static_cast<std::uint8_t>(announces_for(parts_.receivers.size()));
  SLUICE_TRY_VOID(parts_.feed.begin(head.session, position_));
  const std::size_t most =
      std::clamp<std::uint64_t>(options_.group_bytes / block_bytes_, 1, media::kMaxBlocksPerGroup);
  while (!parts_.feed.done() && head.blocks.size() < most && has_room(head.blocks)) {
    SLUICE_TRY(auto block, parts_.feed.build());
    head.blocks.push_back(block->geometry().block_bytes);
    group->blocks.push_back(std::move(block));
  }
  position_ = parts_.feed.position();
  next_sector_ += media::slice_sectors(head);
  head.last = parts_.feed.done() || !has_room({});
  ++next_group_;
  announce(*group);
  return group;
}

void Exporter::announce(Group& group) const {
  const UtcTime now = parts_.clock.utc_now();
  const wire::SessionInfo info{.stream = journal_.stream,
                               .epoch = Epoch(journal_.bundle),
                               .session = group.head.session,
                               .started = journal_.begun};
  const std::span<const crypto::SealingKey> all(parts_.receivers);
  for (std::size_t from = 0; from < all.size(); from += wire::kMaxReceiversPerAnnounce) {
    const auto some =
        all.subspan(from, std::min(wire::kMaxReceiversPerAnnounce, all.size() - from));
    group.announces.push_back(
        wire::write_announce(info, now, group.key, {some.begin(), some.end()}, parts_.signing));
  }
  group.heartbeat = parts_.feed.heartbeat();
  group.heartbeat.now = now;
  group.heartbeat.lanes = {{.lane = LaneId(0), .next = BlockNumber(group.head.blocks.size())}};
}

Result<void> Exporter::start_write(std::unique_ptr<Group> group) {
  SLUICE_TRY_VOID(finish_write());
  if (since_checkpoint_ >= options_.checkpoint_bytes) {
    SLUICE_TRY_VOID(checkpoint());
  }
  if (writer_ == nullptr) {
    SLUICE_TRY(writer_,
               VolumeWriter::open(parts_.files, volume_folder(volume()), group->head.files, 0));
    journal_.files = group->head.files;
  }
  writing_ = std::move(group);
  behind_writing_ = position_;
  pending_ = run_beside([this] { return writer_->write(*writing_, parts_.signing); });
  return {};
}

Result<void> Exporter::finish_write() {
  if (!pending_.valid()) {
    return {};
  }
  const Result<void> written = pending_.get();
  for (auto& block : writing_->blocks) {
    parts_.feed.give_back(std::move(block));
  }
  const std::uint64_t bytes =
      media::slice_sectors(writing_->head) * writing_->head.files * kSectorBytes;
  writing_.reset();
  SLUICE_TRY_VOID(written);
  ++journal_.groups;
  journal_.sectors = writer_->sectors();
  journal_.position = behind_writing_;
  since_checkpoint_ += bytes;
  parts_.counters.add(observe::Metric::kExportedBytes, bytes);
  show_progress(bytes);
  return {};
}

Result<void> Exporter::checkpoint() {
  since_checkpoint_ = 0;
  if (writer_ == nullptr) {
    return {};
  }
  SLUICE_TRY_VOID(writer_->sync());
  return write_journal(parts_.files, options_.folder, journal_);
}

Result<void> Exporter::close_volume() {
  SLUICE_TRY_VOID(checkpoint());
  std::string sums;
  std::size_t file = 0;
  const std::uint64_t bytes = journal_.files * journal_.sectors * kSectorBytes;
  for (const Sha256Digest& digest : writer_->finish()) {
    sums += digest.hex() + "  " + media::data_file_name(file++) + "\n";
  }
  writer_.reset();
  SLUICE_TRY_VOID(
      write_file_durably(parts_.files, volume_folder(volume()) / "SHA256SUMS", as_bytes(sums)));
  const bool between = journal_.position.item == 0 && journal_.position.offset == 0 &&
                       journal_.position.shipment > journal_.first;
  journal_.closed.push_back({.sums = sha256(as_bytes(sums)),
                             .bytes = bytes,
                             .first = journal_.first,
                             .last = journal_.position.shipment - (between ? 1 : 0)});
  journal_.files = journal_.groups = journal_.sectors = 0;
  parts_.counters.add(observe::Metric::kExportedVolumes);
  show_progress(0);
  return write_journal(parts_.files, options_.folder, journal_);
}

void Exporter::show_progress(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  progress_.bytes += bytes;
  progress_.shipments_done = journal_.position.shipment;
  progress_.volumes = journal_.closed.size();
}

ExportProgress Exporter::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

}  // namespace sluice::low
