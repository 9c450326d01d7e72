#include "common/store/pack_folder.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "common/base/limits.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

// What a file system may need for itself to tell a pack's pieces apart: ext4 has 340 of them in a
// block.
constexpr std::uint64_t kPiecesPerBlock = 100;

std::uint64_t whole_blocks(std::uint64_t bytes) {
  return (bytes + PackFolder::kBlockBytes - 1) / PackFolder::kBlockBytes;
}

// None for a name that is not of a pack.
std::optional<std::uint64_t> pack_number(const std::string& name) {
  std::uint64_t number = 0;
  const char* const end = name.data() + name.size();
  const auto read = std::from_chars(name.data(), end, number);
  return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

}  // namespace

PackFolder::PackFolder(FileSystem& files, fs::path folder)
    : files_(files), folder_(std::move(folder)) {}

bool PackFolder::can_be(const PackPlace& place, std::uint64_t size) {
  const std::uint64_t end = std::numeric_limits<std::int64_t>::max();
  return place.pack > 0 && place.pack < end && place.offset % kBlockBytes == 0 &&
         size <= limits::kInlineBlobBytes && place.offset <= end - limits::kInlineBlobBytes;
}

fs::path PackFolder::path(std::uint64_t pack) const { return folder_ / std::to_string(pack); }

Result<void> PackFolder::make() { return files_.create_directories(folder_); }

Result<void> PackFolder::sweep(const Walk& walk) {
  std::vector<std::uint64_t> packs;
  SLUICE_TRY_VOID(files_.list_files(folder_, [&](const std::string& name) {
    if (const auto number = pack_number(name)) {
      packs.push_back(*number);
    }
  }));
  for (const std::uint64_t pack : packs) {
    next_ = std::max(next_, pack + 1);
    if (!used_.contains(pack)) {
      SLUICE_TRY_VOID(files_.remove(path(pack)));
    }
  }
  if (!used_.empty()) {
    next_ = std::max(next_, used_.rbegin()->first + 1);
  }
  SLUICE_TRY(const auto spilled, packs_with_lost_holes());
  if (spilled.empty()) {
    return {};
  }
  std::map<std::uint64_t, std::vector<Range>> living;
  for (const std::uint64_t pack : spilled) {
    living[pack] = {};
  }
  SLUICE_TRY_VOID(walk([&](const Living& blob) {
    if (const auto at = living.find(blob.place.pack); at != living.end()) {
      at->second.push_back(
          {blob.place.offset, blob.place.offset + whole_blocks(blob.size) * kBlockBytes});
    }
  }));
  for (auto& [pack, ranges] : living) {
    SLUICE_TRY_VOID(make_holes(pack, std::move(ranges)));
  }
  return {};
}

Result<void> PackFolder::make_holes(std::uint64_t pack, std::vector<Range> between) {
  SLUICE_TRY(const auto file, files_.open_for_reading(path(pack)));
  SLUICE_TRY(const std::uint64_t size, file->size());
  between.push_back({size, size});
  std::ranges::sort(between, {}, &Range::begin);
  std::uint64_t from = 0;
  for (const Range& range : between) {
    if (range.begin > from) {
      SLUICE_TRY_VOID(files_.punch_hole(path(pack), from, range.begin - from));
    }
    from = std::max(from, range.end);
  }
  return {};
}

Result<std::vector<std::uint64_t>> PackFolder::packs_with_lost_holes() const {
  std::vector<std::uint64_t> spilled;
  for (const auto& [pack, use] : used_) {
    const Result<std::uint64_t> bytes = files_.allocated_bytes(path(pack));
    if (!bytes && bytes.error().code == ErrorCode::kNotFound) {
      continue;  // who asks for a blob in it is told
    }
    if (!bytes) {
      return bytes.error();
    }
    if (whole_blocks(*bytes) > use.blocks + 1 + use.blobs / kPiecesPerBlock) {
      spilled.push_back(pack);
    }
  }
  return spilled;
}

Result<PackPlace> PackFolder::Writer::add(ByteView blob) {
  const PackPlace place{pack_, end_};
  SLUICE_TRY_VOID(file_->write_at(end_, blob));
  end_ += whole_blocks(blob.size()) * kBlockBytes;
  return place;
}

Result<PackFolder::Writer> PackFolder::write() {
  std::uint64_t pack = 0;
  {
    const std::lock_guard lock(mutex_);
    pack = next_++;
  }
  SLUICE_TRY(auto file, files_.open_for_writing(path(pack)));
  return Writer(pack, std::move(file));
}

Result<void> PackFolder::sync() { return files_.sync_directory(folder_); }

void PackFolder::discard(std::uint64_t pack) { static_cast<void>(files_.remove(path(pack))); }

Result<std::string> PackFolder::read(const PackPlace& place, std::uint64_t size) const {
  SLUICE_TRY(const auto file, files_.open_for_reading(path(place.pack)));
  std::string bytes(size, '\0');
  SLUICE_TRY_VOID(file->read_at(
      place.offset, MutableByteView(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size())));
  return bytes;
}

Result<bool> PackFolder::exists(std::uint64_t pack) const { return files_.exists(path(pack)); }

void PackFolder::drop_from_cache(const PackPlace& place, std::uint64_t size) const {
  if (const auto file = files_.open_for_reading(path(place.pack))) {
    (*file)->drop_from_cache(place.offset, whole_blocks(size) * kBlockBytes);
  }
}

void PackFolder::add(const PackPlace& place, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  Use& use = used_[place.pack];
  ++use.blobs;
  use.blocks += whole_blocks(size);
}

void PackFolder::remove(const PackPlace& place, std::uint64_t size) {
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    const auto at = used_.find(place.pack);
    SLUICE_ASSERT(at != used_.end() && at->second.blobs > 0);
    --at->second.blobs;
    at->second.blocks -= whole_blocks(size);
    last = at->second.blobs == 0;
    if (last) {
      used_.erase(at);
    }
  }
  static_cast<void>(
      last ? files_.remove(path(place.pack))
           : files_.punch_hole(path(place.pack), place.offset, whole_blocks(size) * kBlockBytes));
}

void PackFolder::keep_loose(std::uint64_t pack) {
  const std::lock_guard lock(mutex_);
  loose_.push_back(pack);
}

std::vector<std::uint64_t> PackFolder::loose() const {
  const std::lock_guard lock(mutex_);
  return loose_;
}

void PackFolder::drop_loose(const std::vector<std::uint64_t>& packs) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(loose_, [&](std::uint64_t pack) { return std::ranges::count(packs, pack) > 0; });
  }
  for (const std::uint64_t pack : packs) {
    discard(pack);
  }
}

}  // namespace sluice::store
