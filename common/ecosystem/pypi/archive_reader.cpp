#include "common/ecosystem/pypi/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "common/base/text.h"
#include "common/ecosystem/pypi/core_metadata.h"

namespace sluice::pypi {
namespace {

// The largest wheels have about 30 000.
constexpr std::size_t kMaxEntries = 1'000'000;
constexpr std::size_t kReadBytes = std::size_t{256} << 10;

struct CloseReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, CloseReader>;

Error damaged(const std::string& thing, std::string cause) {
  return {ErrorCode::kIntegrity, thing, std::move(cause),
          "do not use this file; report it to the project's owner"};
}

std::string cause_of(archive* reader) {
  const char* cause = archive_error_string(reader);
  return std::string("it does not unpack: ") + (cause != nullptr ? cause : "damaged");
}

// "name-1.0.dist-info/METADATA", "name-1.0/PKG-INFO".
bool is_wanted(std::string_view path, FileKind kind) {
  const auto parts = split(path, '/');
  return parts.size() == 2 &&
         (kind == FileKind::kWheel ? parts[0].ends_with(".dist-info") && parts[1] == "METADATA"
                                   : parts[1] == "PKG-INFO");
}

bool points_out(std::string_view path) {
  return path.starts_with('/') || path.find('\\') != std::string_view::npos ||
         std::ranges::count(split(path, '/'), "..") > 0;
}

Result<std::string> read_entry(const std::string& thing, archive* reader) {
  std::string text;
  std::array<char, std::size_t{16} << 10> buffer{};
  while (true) {
    const la_ssize_t count = archive_read_data(reader, buffer.data(), buffer.size());
    if (count == 0) {
      return text;
    }
    if (count < 0) {
      return damaged(thing, cause_of(reader));
    }
    if (text.size() + static_cast<std::size_t>(count) > kMaxCoreMetadataBytes) {
      return damaged(thing, "its metadata has more than " + human_size(kMaxCoreMetadataBytes));
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

Result<std::string> read_archived_metadata(const std::string& thing,
                                           const std::filesystem::path& path, FileKind kind) {
  const Reader reader(archive_read_new());
  SLUICE_ASSERT(reader != nullptr);
  archive_read_support_format_zip(reader.get());
  if (kind == FileKind::kSourceArchive) {
    archive_read_support_format_tar(reader.get());
    archive_read_support_filter_gzip(reader.get());
  }
  if (archive_read_open_filename(reader.get(), path.c_str(), kReadBytes) != ARCHIVE_OK) {
    return damaged(thing, cause_of(reader.get()));
  }
  std::optional<std::string> found;
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  for (std::size_t count = 0;
       (status = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK; ++count) {
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr || count >= kMaxEntries || points_out(name)) {
      return damaged(thing, "it holds too much, or what unpacks outside of its folder: " +
                                std::string(name == nullptr ? "" : name).substr(0, 120));
    }
    const bool is_link =
        archive_entry_hardlink(entry) != nullptr || archive_entry_filetype(entry) == AE_IFLNK;
    if (is_link && kind == FileKind::kWheel) {  // source archives have had harmless ones
      return damaged(thing, "it holds a link: " + std::string(name).substr(0, 120));
    }
    if (!is_wanted(name, kind)) {
      continue;
    }
    if (found) {
      return damaged(thing, "it holds its metadata twice");
    }
    SLUICE_TRY(found, read_entry(thing, reader.get()));
  }
  if (status != ARCHIVE_EOF) {
    return damaged(thing, cause_of(reader.get()));
  }
  if (!found) {
    return damaged(thing, kind == FileKind::kWheel ? "it is no wheel: it has no .dist-info/METADATA"
                                                   : "it is no source archive: it has no PKG-INFO");
  }
  return std::move(*found);
}

}  // namespace sluice::pypi
