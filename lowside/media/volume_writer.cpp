#include "lowside/media/volume_writer.h"

#include <algorithm>

#include "common/base/threads.h"
#include "common/media/layout.h"
#include "common/wire/datagram.h"

namespace sluice::low {
namespace {

using media::kSectorBytes;

// Read at once when a file is taken up.
constexpr std::size_t kReadBytes = std::size_t{1} << 20;
const LaneId kLane{0};

void seal_heartbeat(const Group& group, crypto::Sealer& sealer, MutableByteView sector) {
  Bytes payload = wire::write_heartbeat(group.heartbeat);
  auto ticket = sealer.next();
  const auto header = sector.first<wire::kSealedHeaderBytes>();
  wire::encode(wire::HeartbeatHeader{.lane = kLane,
                                     .session = group.head.session,
                                     .counter = ticket.counter(),
                                     .payload_bytes = static_cast<std::uint16_t>(payload.size())},
               header);
  const auto sealed = sector.subspan(header.size(), payload.size());
  sealer.seal(std::move(ticket), header, payload, sealed,
              sector.subspan(header.size() + payload.size()).first<crypto::kTagBytes>());
}

void seal_symbol(const Group& group, const media::SectorPlace& at, crypto::Sealer& sealer,
                 MutableByteView sector) {
  const FedBlock& block = *group.blocks[at.block];
  const std::uint32_t ordinal = block.geometry().sent_at(at.place);
  auto ticket = sealer.next();
  const auto header = sector.first<wire::kSymbolHeaderBytes>();
  wire::encode(wire::SymbolHeader{.lane = kLane,
                                  .session = group.head.session,
                                  .counter = ticket.counter(),
                                  .block = BlockNumber(at.block),
                                  .geometry = block.geometry(),
                                  .ordinal = ordinal},
               header);
  const auto sealed = sector.subspan(header.size(), media::kSymbolBytes);
  sealer.seal(std::move(ticket), header, block.symbol(ordinal), sealed,
              sector.last<crypto::kTagBytes>());
}

}  // namespace

Result<std::unique_ptr<VolumeWriter>> VolumeWriter::open(FileSystem& files,
                                                         const std::filesystem::path& folder,
                                                         std::size_t count, std::uint64_t sectors) {
  SLUICE_ASSERT(count > 0 && count <= media::kMaxDataFiles);
  std::unique_ptr<VolumeWriter> writer(new VolumeWriter());
  writer->file_system_ = &files;
  writer->folder_ = folder / "data";
  writer->sectors_ = sectors;
  SLUICE_TRY_VOID(files.create_directories(writer->folder_));
  writer->data_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    SLUICE_TRY_VOID(writer->take_up(writer->data_[i], folder / media::data_file_name(i), sectors));
  }
  return writer;
}

Result<void> VolumeWriter::take_up(DataFile& data, const std::filesystem::path& path,
                                   std::uint64_t sectors) {
  SLUICE_TRY(data.file, file_system_->open_for_writing(path));
  const std::uint64_t bytes = sectors * kSectorBytes;
  SLUICE_TRY(const std::uint64_t size, data.file->size());
  if (size < bytes) {
    return Error{ErrorCode::kIntegrity, path.string(), "is shorter than its journal says",
                 "remove the unfinished export's folder and begin it anew"};
  }
  if (size > bytes) {
    std::error_code failure;
    std::filesystem::resize_file(path, bytes, failure);
    if (failure) {
      return errno_error(path.string(), failure.value());
    }
  }
  SLUICE_TRY(const auto reading, file_system_->open_for_reading(path));
  Bytes buffer(kReadBytes);
  for (std::uint64_t at = 0; at < bytes;) {
    const auto part =
        MutableByteView(buffer).first(std::min<std::uint64_t>(kReadBytes, bytes - at));
    SLUICE_TRY_VOID(reading->read_at(at, part));
    data.hasher.update(part);
    at += part.size();
  }
  write_directly(*data.file);
  return {};
}

void VolumeWriter::fill_slice(const Group& group, std::size_t file, crypto::Sealer& sealer,
                              const crypto::SigningKey& signing, MutableByteView slice) {
  std::size_t used = 0;
  const auto next = [&] {
    const auto sector = slice.subspan(used, kSectorBytes);
    used += kSectorBytes;
    return sector;
  };
  for (const Bytes& announce : group.announces) {
    std::ranges::copy(
        media::write_head(group.head, static_cast<std::uint8_t>(file), announce, signing),
        next().begin());
  }
  const MutableByteView heartbeat = next();
  std::ranges::fill(heartbeat, std::uint8_t{0});
  seal_heartbeat(group, sealer, heartbeat);
  for (const media::SectorPlace& at : media::slice_places(group.head, file)) {
    seal_symbol(group, at, sealer, next());
  }
  std::ranges::fill(slice.subspan(used), std::uint8_t{0});
}

Result<void> VolumeWriter::write(const Group& group, const crypto::SigningKey& signing) {
  SLUICE_ASSERT(group.head.files == data_.size() && group.head.sector == sectors_ &&
                group.announces.size() == group.head.heads &&
                group.blocks.size() == group.head.blocks.size());
  const std::uint64_t sectors = media::slice_sectors(group.head);
  const std::uint64_t at = sectors_ * kSectorBytes;
  crypto::Sealer sealer(group.key, kLane);
  for (std::size_t number = 0; number < data_.size(); ++number) {
    Slice& slice = slices_[number % slices_.size()];
    SLUICE_TRY_VOID(slice.settle());
    if (slice.bytes.size() != sectors * kSectorBytes) {
      slice.bytes = PageBuffer(sectors * kSectorBytes);
    }
    fill_slice(group, number, sealer, signing, slice.bytes.view());
    slice.written = run_beside([file = data_[number].file.get(), at, bytes = slice.bytes.view()] {
      const Result<void> put = file->write_at(at, bytes);
      file->start_writing(at, bytes.size());
      return put;
    });
    data_[number].hasher.update(slice.bytes.view());
  }
  SLUICE_TRY_VOID(settle());
  sectors_ += sectors;
  return {};
}

Result<void> VolumeWriter::settle() {
  Result<void> outcome;
  for (Slice& slice : slices_) {
    if (Result<void> one = slice.settle(); !one && outcome) {
      outcome = std::move(one);
    }
  }
  return outcome;
}

Result<void> VolumeWriter::sync() {
  std::vector<File*> all;
  for (const DataFile& data : data_) {
    all.push_back(data.file.get());
  }
  SLUICE_TRY_VOID(file_system_->sync_all(all));
  return file_system_->sync_directory(folder_);
}

std::vector<Sha256Digest> VolumeWriter::finish() {
  std::vector<Sha256Digest> digests;
  for (DataFile& data : data_) {
    digests.push_back(*data.hasher.finish().as_sha256());
  }
  data_.clear();
  return digests;
}

}  // namespace sluice::low
