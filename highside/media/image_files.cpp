// Volumes in ISO 9660 images (ECMA-119, with Rock Ridge's names), and in images whose file system
// is damaged: then every sector is looked at, and those that begin a slice say where their file
// lies.
#include <algorithm>
#include <boost/endian/conversion.hpp>
#include <map>

#include "common/crypto/minisign.h"
#include "common/media/layout.h"
#include "common/media/manifest.h"
#include "highside/media/volume_files.h"

namespace sluice::high {
namespace {

namespace fs = std::filesystem;
using media::kSectorBytes;

constexpr std::uint64_t kDescriptorSector = 16;                // ECMA-119, 6.2.1
constexpr std::size_t kMaxFolderBytes = std::size_t{1} << 20;  // of all folders of an image
constexpr std::size_t kRecordBytes = 33;  // of a directory record before its name
constexpr std::size_t kScanBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxManifests = 100;  // of volumes that a medium held before

struct Extent {
  std::uint64_t sector = 0;
  std::uint64_t bytes = 0;
};

struct Record {
  Extent extent;
  bool folder = false;
  bool continues = false;  // the file goes on with the next record of that name
  std::string name;
};

// Rock Ridge's NM entry in the system use area; empty: none.
std::string rock_ridge_name(ByteView area) {
  std::string name;
  while (area.size() >= 5) {
    const std::size_t length = area[2];
    if (length < 4 || length > area.size()) {
      break;
    }
    if (area[0] == 'N' && area[1] == 'M' && length > 5) {
      name += as_text(area.subspan(5, length - 5));
    }
    area = area.subspan(length);
  }
  return name;
}

// "README.TXT;1" → "readme.txt"
std::string plain_name(std::string_view name) {
  std::string out(name.substr(0, name.find(';')));
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (out.ends_with('.')) {
    out.pop_back();
  }
  return out;
}

// None: not a record, or one whose numbers, which stand there in both orders of bytes, disagree: so
// no destroyed sector is taken for a folder.
std::optional<Record> parse_record(ByteView bytes) {
  if (bytes.size() < kRecordBytes + 1) {
    return std::nullopt;
  }
  ByteReader reader(bytes);
  reader.bytes(2);
  Record record;
  const auto both = [&reader](std::uint64_t& number) {
    number = reader.u32();
    return number == boost::endian::endian_reverse(reader.u32());
  };
  const bool agree = both(record.extent.sector) && both(record.extent.bytes);
  reader.bytes(7);
  const std::uint8_t flags = reader.u8();
  record.folder = (flags & 2) != 0;
  record.continues = (flags & 0x80) != 0;
  reader.bytes(6);
  const std::size_t length = reader.u8();
  const ByteView name = reader.bytes(length);
  if (!reader.ok() || length == 0 || !agree) {
    return std::nullopt;
  }
  if (length % 2 == 0) {
    reader.u8();
  }
  const bool itself = length == 1 && name[0] <= 1;
  record.name = itself ? "" : rock_ridge_name(reader.remaining());
  if (record.name.empty() && !itself) {
    record.name = plain_name(as_text(name));
  }
  return record;
}

// A file in one extent or more, which lie one after another where an image was made in one go.
class ExtentSectors final : public SectorReader {
 public:
  ExtentSectors(std::unique_ptr<SectorReader> image, std::vector<Extent> extents)
      : image_(std::move(image)), extents_(std::move(extents)) {
    for (const Extent& extent : extents_) {
      bytes_ += extent.bytes;
    }
  }
  std::uint64_t bytes() const override { return bytes_; }
  std::uint64_t read(std::uint64_t offset, MutableByteView into) override {
    std::uint64_t bad = 0;
    std::uint64_t begin = 0;
    for (const Extent& extent : extents_) {
      const std::uint64_t end = begin + extent.bytes;
      if (offset >= begin && offset < end && !into.empty()) {
        const std::uint64_t here = std::min<std::uint64_t>(end - offset, into.size());
        bad += image_->read(extent.sector * kSectorBytes + (offset - begin), into.first(here));
        into = into.subspan(here);
        offset += here;
      }
      begin = end;
    }
    std::ranges::fill(into, std::uint8_t{0});
    return bad + (into.size() + kSectorBytes - 1) / kSectorBytes;
  }

 private:
  std::unique_ptr<SectorReader> image_;
  std::vector<Extent> extents_;
  std::uint64_t bytes_ = 0;
};

class ImageFiles final : public VolumeFiles {
 public:
  explicit ImageFiles(fs::path image) : image_(std::move(image)) {}

  // False: there is no file system, or it cannot be read whole.
  bool look(SectorReader& sectors) {
    Bytes descriptor(kSectorBytes);
    if (sectors.read(kDescriptorSector * kSectorBytes, descriptor) != 0 || descriptor[0] != 1 ||
        as_text(ByteView(descriptor).subspan(1, 5)) != "CD001") {
      return false;
    }
    const auto root = parse_record(ByteView(descriptor).subspan(156, 34));
    return root && look(sectors, root->extent, "");
  }

  // By the heads of slices, and what begins like a manifest.
  bool salvage(SectorReader& sectors);
  bool salvaged() const override { return salvaged_; }

  const std::vector<Entry>& entries() const override { return entries_; }
  Result<std::unique_ptr<SectorReader>> open(const std::string& name) const override {
    const auto found = files_.find(name);
    if (found == files_.end()) {
      return Error{ErrorCode::kNotFound, name, "is not in " + image_.string(), ""};
    }
    SLUICE_TRY(auto sectors, open_sectors(image_));
    return std::unique_ptr<SectorReader>(new ExtentSectors(std::move(sectors), found->second));
  }

 private:
  bool look(SectorReader& sectors, const Extent& folder, const std::string& prefix);
  void list(const std::string& name, const Extent& extent) {
    files_[name] = {extent};
    entries_.push_back({name, extent.bytes, true});
  }
  bool add(SectorReader& sectors, const Record& record, const std::string& prefix);

  fs::path image_;
  std::vector<Entry> entries_;
  std::map<std::string, std::vector<Extent>> files_;
  std::uint64_t folder_bytes_ = 0;  // looked at
  std::uint64_t file_bytes_ = 0;
  bool salvaged_ = false;
};

bool ImageFiles::look(SectorReader& sectors, const Extent& folder, const std::string& prefix) {
  folder_bytes_ += folder.bytes;
  if (folder_bytes_ > kMaxFolderBytes) {
    return false;
  }
  Bytes bytes((folder.bytes + kSectorBytes - 1) / kSectorBytes * kSectorBytes);
  if (sectors.read(folder.sector * kSectorBytes, bytes) != 0) {
    return false;
  }
  std::size_t records = 0;
  for (std::size_t sector = 0; sector < bytes.size(); sector += kSectorBytes) {
    ByteView rest = ByteView(bytes).subspan(sector, kSectorBytes);
    while (!rest.empty() && rest[0] != 0) {
      const std::size_t length = rest[0];
      const auto record =
          length <= rest.size() ? parse_record(rest.first(length)) : std::optional<Record>();
      if (!record || !add(sectors, *record, prefix)) {
        return false;
      }
      ++records;
      rest = rest.subspan(length);
    }
  }
  return records >= 2;  // itself and its parent: less is a folder that was destroyed
}

bool ImageFiles::add(SectorReader& sectors, const Record& record, const std::string& prefix) {
  if (record.name.empty()) {
    return true;
  }
  const std::string name = prefix + record.name;
  if (record.folder && prefix.empty()) {
    return look(sectors, record.extent, name + "/");
  }
  file_bytes_ += record.extent.bytes;
  auto& extents = files_[name];
  if (extents.empty()) {
    entries_.push_back({name, 0, !record.folder});
  }
  extents.push_back(record.extent);
  const auto entry = std::ranges::find(entries_, name, &Entry::name);
  entry->bytes += record.extent.bytes;
  return entries_.size() <= kMaxVolumeFiles && file_bytes_ <= sectors.bytes();
}

// What begins at that sector and ends with the first zero byte; empty: it is longer than `limit`.
std::string text_at(SectorReader& sectors, std::uint64_t sector, std::size_t limit) {
  std::string text;
  Bytes buffer(kSectorBytes);
  while (text.size() < limit &&
         sectors.read((sector + text.size() / kSectorBytes) * kSectorBytes, buffer) == 0) {
    const auto end = std::ranges::find(buffer, std::uint8_t{0});
    text.append(buffer.begin(), end);
    if (end != buffer.end()) {
      return text;
    }
  }
  return {};
}

// What the sectors of an image say of the volumes that they are of.
struct Traces {
  struct Volume {
    std::uint8_t files = 1;
    // For each file, where it would begin by the heads that say they are of it, and how many do.
    std::map<std::uint8_t, std::map<std::uint64_t, std::size_t>> begins;
  };
  // By bundle and number: a medium that was written before may have sectors of an older one.
  std::map<std::pair<std::uint64_t, std::uint16_t>, Volume> volumes;
  std::vector<std::uint64_t> manifests;  // sectors that begin like one
};

Traces traces_in(SectorReader& sectors) {
  Traces traces;
  Bytes buffer(kScanBytes);
  for (std::uint64_t at = 0; at < sectors.bytes(); at += kScanBytes) {
    sectors.read(at, buffer);
    for (std::size_t i = 0; i < kScanBytes; i += kSectorBytes) {
      const ByteView sector = ByteView(buffer).subspan(i, kSectorBytes);
      const std::uint64_t here = (at + i) / kSectorBytes;
      if (as_text(sector).starts_with(media::kManifestBegin) &&
          traces.manifests.size() < kMaxManifests) {
        traces.manifests.push_back(here);
      }
      const auto head = media::looks_like_head(sector) ? media::read_head(sector)
                                                       : std::optional<media::ReadHead>();
      if (head && head->head.sector <= here) {
        auto& volume = traces.volumes[{head->head.bundle, head->head.volume}];
        volume.files = head->head.files;
        ++volume.begins[head->file][here - head->head.sector];
      }
    }
  }
  return traces;
}

// Where each file begins. Files of one length lie one behind another: so those of which no head is
// left are found by the others.
std::map<std::uint8_t, std::uint64_t> begins_of(const Traces::Volume& volume) {
  std::map<std::uint8_t, std::uint64_t> begins;
  for (const auto& [file, places] : volume.begins) {
    begins[file] =
        std::ranges::max_element(places, {}, [](const auto& place) { return place.second; })->first;
  }
  const auto [first, begin] = *begins.begin();
  const auto [last, end] = *begins.rbegin();
  if (last == first || end <= begin) {
    return begins;
  }
  const std::uint64_t stride = (end - begin) / (last - first);
  for (std::uint8_t file = 0; file < volume.files; ++file) {
    const std::uint64_t ahead = begin + file * stride;
    if (ahead >= first * stride) {
      begins.try_emplace(file, ahead - first * stride);
    }
  }
  return begins;
}

bool ImageFiles::salvage(SectorReader& sectors) {
  const Traces traces = traces_in(sectors);
  if (traces.volumes.empty()) {
    return false;
  }
  files_.clear();
  entries_.clear();
  salvaged_ = true;
  const auto& [identity, volume] = *traces.volumes.rbegin();
  const auto begins = begins_of(volume);
  const std::uint64_t all = sectors.bytes() / kSectorBytes;
  for (auto at = begins.begin(); at != begins.end() && at->second < all; ++at) {
    // The last has the length of the one before it.
    const auto next = std::next(at);
    const std::uint64_t length = next != begins.end()   ? next->second - at->second
                                 : at == begins.begin() ? all
                                                        : at->second - std::prev(at)->second;
    list(media::data_file_name(at->first),
         {at->second, std::min(length, all - at->second) * kSectorBytes});
  }
  for (const std::uint64_t sector : traces.manifests) {
    const std::string text = text_at(sectors, sector, media::kMaxManifestFileBytes);
    const auto manifest = media::read_manifest(text);
    if (!manifest || std::pair(manifest->bundle, manifest->volume) != identity) {
      continue;
    }
    // Its signature is the next file by name.
    const std::uint64_t behind = sector + (text.size() + kSectorBytes - 1) / kSectorBytes;
    const std::string signature = text_at(sectors, behind, crypto::kMaxMinisignBytes);
    if (!signature.empty()) {
      list(std::string(media::kManifestFile), {sector, text.size()});
      list(std::string(media::kSignatureFile), {behind, signature.size()});
      break;
    }
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<VolumeFiles>> open_image(const fs::path& image) {
  SLUICE_TRY(const auto sectors, open_sectors(image));
  auto files = std::make_unique<ImageFiles>(image);
  if (!files->look(*sectors) && !files->salvage(*sectors)) {
    return Error{ErrorCode::kInvalid, image.string(),
                 "is neither an ISO 9660 image nor has sectors of a volume", ""};
  }
  return std::unique_ptr<VolumeFiles>(std::move(files));
}

}  // namespace sluice::high
