#include "highside/media/volume_reader.h"

#include <algorithm>
#include <future>

#include "common/base/threads.h"
#include "common/media/layout.h"
#include "common/wire/datagram.h"

namespace sluice::high {
namespace {

using media::kSectorBytes;

constexpr std::uint64_t kScanSectors = 512;

bool belongs(const media::GroupHead& head, const VolumeIdentity& volume) {
  return head.stream == volume.stream && head.bundle == volume.bundle &&
         head.volume == volume.volume;
}

// The datagram that a sector begins with: a heartbeat has zeros behind it.
MutableByteView heartbeat_of(MutableByteView sector) {
  ByteReader reader(ByteView(sector).subspan(wire::kPrefixBytes - 2));
  const std::size_t bytes = wire::kSealedHeaderBytes + reader.u16() + wire::kTagBytes;
  return sector.first(std::min(bytes, sector.size()));
}

}  // namespace

VolumeReader::VolumeReader(const VolumeFiles& files) {
  for (std::size_t number = 0; number < media::kMaxDataFiles; ++number) {
    DataFile& file = data_.emplace_back();
    if (auto reader = files.open(media::data_file_name(number))) {
      file.reader = std::move(*reader);
    }
  }
  while (!data_.empty() && data_.back().reader == nullptr) {
    data_.pop_back();
  }
}

std::uint64_t VolumeReader::sectors() const {
  std::uint64_t longest = 0;
  for (const DataFile& file : data_) {
    longest = std::max(longest, file.reader ? file.reader->bytes() / kSectorBytes : 0);
  }
  return longest;
}

std::optional<VolumeIdentity> VolumeReader::identity(
    const std::vector<std::pair<std::string, crypto::VerifyKey>>& senders) {
  Bytes buffer(kScanSectors * kSectorBytes);
  for (std::uint64_t sector = 0; sector < sectors(); sector += kScanSectors) {
    for (DataFile& file : data_) {
      if (file.reader == nullptr) {
        continue;
      }
      file.reader->read(sector * kSectorBytes, buffer);
      for (std::size_t at = 0; at < buffer.size(); at += kSectorBytes) {
        const auto head = media::read_head(ByteView(buffer).subspan(at, kSectorBytes));
        for (const auto& [stream, key] : senders) {
          if (head && head->head.stream == stream && media::check_head(*head, key)) {
            return VolumeIdentity{stream, head->head.bundle, head->head.volume};
          }
        }
      }
    }
  }
  return std::nullopt;
}

// The group's statement from any file; its announces from as many as it takes.
bool VolumeReader::find_heads(const Wanted& wanted, std::uint64_t sector, std::uint32_t group,
                              Loaded& loaded) {
  Bytes buffer(media::kMaxHeads * kSectorBytes);
  std::vector<Bytes> announces(media::kMaxHeads);
  std::size_t found = 0;
  for (DataFile& file : data_) {
    if (file.reader == nullptr || (found > 0 && found == loaded.head.heads)) {
      continue;
    }
    file.reader->read(sector * kSectorBytes, buffer);
    for (std::size_t i = 0; i < media::kMaxHeads; ++i) {
      const ByteView bytes = ByteView(buffer).subspan(i * kSectorBytes, kSectorBytes);
      auto head = media::looks_like_head(bytes) ? media::read_head(bytes)
                                                : std::optional<media::ReadHead>();
      if (!head || !belongs(head->head, wanted.volume) || head->head.sector != sector ||
          head->head.group != group || i >= head->head.heads || !announces[i].empty() ||
          !media::check_head(*head, wanted.sender)) {
        continue;
      }
      loaded.head = std::move(head->head);
      announces[i] = std::move(head->announce);
      ++found;
    }
  }
  std::erase_if(announces, [](const Bytes& one) { return one.empty(); });
  loaded.announces = std::move(announces);
  return found > 0 &&
         media::slice_sectors(loaded.head) * loaded.head.files * kSectorBytes <= kMaxGroupBytes;
}

// Where a later group begins, of which a head is left.
std::optional<media::GroupHead> VolumeReader::next_head(const Wanted& wanted, std::uint64_t sector,
                                                        std::uint32_t group) {
  Bytes buffer(kScanSectors * kSectorBytes);
  for (; sector < sectors(); sector += kScanSectors) {
    for (DataFile& file : data_) {
      if (file.reader == nullptr) {
        continue;
      }
      file.reader->read(sector * kSectorBytes, buffer);
      for (std::uint64_t i = 0; i < kScanSectors; ++i) {
        const ByteView bytes = ByteView(buffer).subspan(i * kSectorBytes, kSectorBytes);
        const auto head = media::looks_like_head(bytes) ? media::read_head(bytes)
                                                        : std::optional<media::ReadHead>();
        if (head && belongs(head->head, wanted.volume) && head->head.group > group &&
            head->head.sector >= sector && head->head.sector <= sector + i &&
            media::check_head(*head, wanted.sender)) {
          return head->head;
        }
      }
    }
  }
  return std::nullopt;
}

void VolumeReader::read_slices(std::uint64_t sector, Loaded& loaded) {
  const std::uint64_t bytes = media::slice_sectors(loaded.head) * kSectorBytes;
  std::vector<std::future<std::uint64_t>> reads(loaded.head.files);
  const auto begin = [&](std::size_t number) {
    loaded.slices.emplace_back(bytes);
    const MutableByteView slice = loaded.slices.back().view();
    if (number >= data_.size() || data_[number].reader == nullptr) {
      std::ranges::fill(slice, std::uint8_t{0});
      return;
    }
    reads[number] = run_beside([reader = data_[number].reader.get(), sector, slice] {
      return reader->read(sector * kSectorBytes, slice);
    });
  };
  for (std::size_t number = 0; number < reads.size(); ++number) {
    while (loaded.slices.size() < std::min(number + 1 + kSlicesAhead, reads.size())) {
      begin(loaded.slices.size());
    }
    if (reads[number].valid()) {
      loaded.bad_sectors += reads[number].get();
      data_[number].hasher.update(loaded.slices[number].view());
    }
  }
}

std::optional<VolumeReader::Loaded> VolumeReader::load(const Wanted& wanted, std::uint64_t sector,
                                                       std::uint32_t group) {
  if (sector >= sectors()) {
    return std::nullopt;
  }
  Loaded loaded;
  if (!find_heads(wanted, sector, group, loaded)) {
    // Not even one head of 24: look for the next group. What is skipped is not hashed.
    const auto next = next_head(wanted, sector + 1, group);
    if (!next) {
      return std::nullopt;
    }
    for (DataFile& file : data_) {
      file.in_order = false;
    }
    if (!find_heads(wanted, next->sector, next->group, loaded)) {
      return std::nullopt;
    }
    loaded.skipped_groups = next->group - group;
    sector = next->sector;
  }
  read_slices(sector, loaded);
  return loaded;
}

Result<void> VolumeReader::feed(Loaded& loaded, const VolumeIdentity& volume, GroupSink& sink,
                                VolumeOutcome& outcome) {
  const media::GroupHead& head = loaded.head;
  SLUICE_TRY_VOID(sink.begin(volume.stream, std::move(loaded.announces)));
  std::vector<std::vector<MutableByteView>> symbols;
  for (std::size_t block = 0; block < head.blocks.size(); ++block) {
    symbols.emplace_back(head.geometry(block).total_symbols());
  }
  std::vector<MutableByteView> heartbeats;
  for (std::size_t file = 0; file < head.files; ++file) {
    const auto slice = loaded.slices[file].view().subspan(head.heads * kSectorBytes);
    heartbeats.push_back(heartbeat_of(slice.first(kSectorBytes)));
    std::size_t at = media::kHeartbeatSectors * kSectorBytes;
    for (const media::SectorPlace& place : media::slice_places(head, file)) {
      symbols[place.block][place.place] = slice.subspan(at, kSectorBytes);
      at += kSectorBytes;
    }
  }
  for (const auto& block : symbols) {
    // Until it is whole: without damage the parity need not be looked at.
    static_cast<void>(std::ranges::any_of(
        block, [&](MutableByteView datagram) { return sink.symbol(datagram); }));
  }
  static_cast<void>(std::ranges::any_of(
      heartbeats, [&](MutableByteView datagram) { return sink.heartbeat(datagram); }));
  const GroupSink::Outcome ended = sink.end();
  ++outcome.groups;
  outcome.blocks += head.blocks.size();
  outcome.lost_blocks +=
      head.blocks.size() - std::min<std::uint64_t>(ended.whole, head.blocks.size());
  outcome.recovered += ended.recovered;
  outcome.bad_sectors += loaded.bad_sectors;
  outcome.lost_groups += loaded.skipped_groups;
  return {};
}

Result<VolumeOutcome> VolumeReader::run(const VolumeIdentity& volume,
                                        const crypto::VerifyKey& sender, GroupSink& sink,
                                        std::atomic<std::uint64_t>& bytes,
                                        const std::stop_token& stop) {
  const Wanted wanted{volume, sender};
  VolumeOutcome outcome;
  for (DataFile& file : data_) {
    file.hasher = Hasher(DigestAlgorithm::kSha256);
    file.in_order = true;
  }
  const auto begin_load = [&](std::uint64_t sector, std::uint32_t group) {
    return run_beside([this, wanted, sector, group] { return load(wanted, sector, group); });
  };
  auto next = begin_load(0, 0);
  for (;;) {
    auto loaded = next.get();
    if (!loaded) {
      break;
    }
    const std::uint64_t sectors = media::slice_sectors(loaded->head);
    const bool last = loaded->head.last;
    const std::uint64_t behind = loaded->head.sector + sectors;
    if (!last) {
      next = begin_load(behind, loaded->head.group + 1);
    }
    const Result<void> fed =
        stop.stop_requested()
            ? Result<void>(Error{ErrorCode::kCancelled, "import", "it was stopped",
                                 "the same command goes on with it"})
            : feed(*loaded, volume, sink, outcome);
    bytes += sectors * loaded->head.files * kSectorBytes;
    if (!fed || last) {
      if (next.valid()) {
        next.wait();
      }
      SLUICE_TRY_VOID(fed);
      outcome.ended = true;
      break;
    }
  }
  for (DataFile& file : data_) {
    const Digest digest = file.hasher.finish();
    outcome.digests.push_back(file.reader != nullptr && file.in_order ? digest.as_sha256()
                                                                      : std::nullopt);
  }
  return outcome;
}

}  // namespace sluice::high
