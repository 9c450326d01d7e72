// open_image_tar(): by libarchive, which is given the bytes of the file that was opened.
#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include "common/base/limits.h"
#include "common/base/text.h"
#include "lowside/upstream/oci/image_files.h"

namespace sluice::low {
namespace {

constexpr std::size_t kMaxEntries = 100'000;  // an image has at most 127 layers
constexpr std::size_t kMaxNameBytes = 1024;
constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr std::size_t kShownBytes = 120;

struct CloseReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

// Under way through the file, once.
struct Pass {
  Pass(Descriptor opened, std::uint64_t bytes, const std::stop_token& stop_token)
      : file(std::move(opened)), size(bytes), stop(stop_token), buffer(kReadBytes) {}

  Descriptor file;
  const std::uint64_t size;
  const std::stop_token& stop;
  Bytes buffer;
  std::unique_ptr<archive, CloseReader> reader;  // reads from the others: goes first
};

la_ssize_t read_piece(archive* reader, void* data, const void** piece) {
  Pass& pass = *static_cast<Pass*>(data);
  if (pass.stop.stop_requested()) {
    archive_set_error(reader, ECANCELED, "the program is stopping");
    return -1;
  }
  *piece = pass.buffer.data();
  for (;;) {
    const ssize_t got = ::read(pass.file.value(), pass.buffer.data(), pass.buffer.size());
    if (got >= 0 || errno != EINTR) {
      if (got < 0) {
        archive_set_error(reader, errno, "the file cannot be read");
      }
      return got;
    }
  }
}

// Never beyond the end, or a file that is cut off would look whole.
la_int64_t skip_bytes(archive* /*reader*/, void* data, la_int64_t count) {
  const Pass& pass = *static_cast<Pass*>(data);
  const off_t at = ::lseek(pass.file.value(), 0, SEEK_CUR);
  const la_int64_t skipped = at < 0 ? 0 : std::min(count, static_cast<la_int64_t>(pass.size) - at);
  return ::lseek(pass.file.value(), skipped, SEEK_CUR) < 0 ? 0 : skipped;
}

// "./a/b" as "a/b"; none: it stands outside, or is no name.
std::optional<std::string> normalised(std::string_view name) {
  if (name.starts_with('/') || name.size() > kMaxNameBytes) {
    return std::nullopt;
  }
  std::vector<std::string_view> parts;
  for (const std::string_view part : split(name, '/')) {
    if (part == ".." && parts.empty()) {
      return std::nullopt;
    }
    if (part == "..") {
      parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  std::string joined;
  for (const std::string_view part : parts) {
    joined += (joined.empty() ? "" : "/") + std::string(part);
  }
  return joined;
}

class TarFiles final : public ImageFiles {
 public:
  TarFiles(DropFolder& drop, std::string path, const FileState& state)
      : drop_(drop), path_(std::move(path)), state_(state) {}

  Result<void> list(const std::stop_token& stop) {
    const auto each = [&](archive_entry* entry, const std::string& name,
                          archive* /*reader*/) -> Result<bool> {
      if (sizes_.size() + links_.size() >= kMaxEntries) {
        return refused("it holds more than " + std::to_string(kMaxEntries) + " files");
      }
      SLUICE_TRY_VOID(note(entry, name));
      return true;
    };
    return walk(each, stop);
  }

  Result<void> read(const std::set<std::string>& names, const Take& take,
                    const std::stop_token& stop) override {
    std::size_t left = names.size();
    const auto each = [&](archive_entry* /*entry*/, const std::string& name,
                          archive* reader) -> Result<bool> {
      if (names.contains(name) && sizes_.contains(name)) {
        SLUICE_TRY_VOID(take(name, [&](MutableByteView into) -> Result<std::size_t> {
          const la_ssize_t got = archive_read_data(reader, into.data(), into.size());
          return got >= 0 ? Result<std::size_t>(static_cast<std::size_t>(got))
                          : Result<std::size_t>(damaged(reader));
        }));
        --left;
      }
      return left > 0;
    };
    return left == 0 ? Result<void>() : walk(each, stop);
  }

 private:
  std::string thing() const { return drop_.place(path_).string(); }
  Error refused(std::string cause) const {
    return {ErrorCode::kRefused, thing(), std::move(cause), "save the image again"};
  }
  Error damaged(archive* reader) const {
    const char* cause = archive_error_string(reader);
    const int number = archive_errno(reader);
    if (number == ECANCELED) {
      return {ErrorCode::kCancelled, thing(), "the program is stopping", ""};
    }
    return {ErrorCode::kInvalid, thing(),
            std::string("it does not unpack as a tar: ") + (cause != nullptr ? cause : "damaged"),
            "lay down an archive of images as docker save, podman save or skopeo write it"};
  }

  // `each` says whether to go on.
  template <class Each>
  Result<void> walk(const Each& each, const std::stop_token& stop) {
    SLUICE_TRY(Descriptor file, drop_.open(path_, state_));
    Pass pass(std::move(file), state_.size, stop);
    pass.reader.reset(archive_read_new());
    archive* const reader = pass.reader.get();
    SLUICE_ASSERT(reader != nullptr);
    archive_read_support_format_tar(reader);
    archive_read_support_filter_gzip(reader);
    archive_read_support_filter_xz(reader);
    archive_read_support_filter_zstd(reader);
    archive_read_support_filter_bzip2(reader);
    archive_read_set_callback_data(reader, &pass);
    archive_read_set_read_callback(reader, read_piece);
    archive_read_set_skip_callback(reader, skip_bytes);
    if (archive_read_open1(reader) != ARCHIVE_OK) {
      return damaged(reader);
    }
    archive_entry* entry = nullptr;
    for (;;) {
      const int status = archive_read_next_header(reader, &entry);
      if (status == ARCHIVE_EOF) {
        break;
      }
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {  // a warning: of a name's character set
        return damaged(reader);
      }
      const char* const raw = archive_entry_pathname(entry);
      const auto name = normalised(raw == nullptr ? "/" : raw);
      if (!name) {
        return refused("it holds what stands outside of it, or has no name: " +
                       std::string(raw == nullptr ? "" : raw).substr(0, kShownBytes));
      }
      SLUICE_TRY(const bool goes_on, each(entry, *name, reader));
      if (!goes_on) {
        break;
      }
    }
    return drop_.check_unchanged(pass.file, path_, state_);
  }

  Result<void> note(archive_entry* entry, const std::string& name) {
    const char* target = archive_entry_hardlink(entry);
    const bool is_hard = target != nullptr;
    if (!is_hard && archive_entry_filetype(entry) == AE_IFLNK) {
      target = archive_entry_symlink(entry);
    }
    const bool is_file = target == nullptr && archive_entry_filetype(entry) == AE_IFREG;
    if (target == nullptr && !is_file) {
      return {};  // a folder, or what no image has
    }
    if (sizes_.contains(name) || links_.contains(name)) {
      return refused("it holds " + name.substr(0, kShownBytes) + " twice");
    }
    if (is_file) {
      const la_int64_t size = archive_entry_size(entry);
      if (size < 0 || static_cast<std::uint64_t>(size) > limits::kMaxBlobBytes - total_) {
        return refused("its files together are larger than a blob may be");
      }
      total_ += static_cast<std::uint64_t>(size);
      sizes_.emplace(name, static_cast<std::uint64_t>(size));
      return {};
    }
    // A hard link names its target from the archive's root, a symbolic one from its own folder.
    const std::string folder = is_hard ? "" : name.substr(0, name.rfind('/') + 1);
    const auto meant =
        normalised(std::string_view(target).starts_with('/') ? target : folder + target);
    if (!meant) {
      return refused("it holds a link that leads outside of it: " + name.substr(0, kShownBytes));
    }
    links_.emplace(name, *meant);
    return {};
  }

  DropFolder& drop_;
  const std::string path_;
  const FileState state_;
  std::uint64_t total_ = 0;  // bytes, unpacked
};

}  // namespace

Result<std::unique_ptr<ImageFiles>> open_image_tar(DropFolder& drop, const std::string& path,
                                                   const FileState& state,
                                                   const std::stop_token& stop) {
  auto files = std::make_unique<TarFiles>(drop, path, state);
  SLUICE_TRY_VOID(files->list(stop));
  return std::unique_ptr<ImageFiles>(std::move(files));
}

}  // namespace sluice::low
