#include "lowside/upstream/pypi/stand_ins.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <memory>

#include "common/base/file_system.h"

namespace sluice::low {
namespace {

struct CloseWriter {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

la_ssize_t append(archive*, void* out, const void* bytes, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

std::string zip(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string packed;
  const std::unique_ptr<archive, CloseWriter> writer(archive_write_new());
  SLUICE_ASSERT(writer != nullptr);
  archive_write_set_format_zip(writer.get());
  // Nothing here depends on the outside: it fails only for want of memory.
  SLUICE_ASSERT(archive_write_open(writer.get(), &packed, nullptr, append, nullptr) == ARCHIVE_OK);
  for (const auto& [path, content] : files) {
    const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
    SLUICE_ASSERT(entry != nullptr);
    archive_entry_set_pathname(entry.get(), path.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    SLUICE_ASSERT(archive_write_header(writer.get(), entry.get()) == ARCHIVE_OK);
    SLUICE_ASSERT(archive_write_data(writer.get(), content.data(), content.size()) ==
                  static_cast<la_ssize_t>(content.size()));
  }
  SLUICE_ASSERT(archive_write_close(writer.get()) == ARCHIVE_OK);
  return packed;
}

Result<void> write(const std::filesystem::path& path, const std::string& content) {
  return write_file_durably(posix_file_system(), path, as_bytes(content));
}

}  // namespace

// Made anew at each poll: what the settings no longer name must not be found.
StandIns::StandIns(const std::filesystem::path& work)
    : folder_(std::filesystem::absolute(work) / "stand-ins") {
  std::error_code ignored;
  std::filesystem::remove_all(folder_ / "wheels", ignored);
}

std::optional<std::string> StandIns::known(const Sha256Digest& archive) const {
  const auto bytes =
      read_file(posix_file_system(), folder_ / archive.hex(), pypi::kMaxCoreMetadataBytes);
  return bytes ? std::optional(std::string(as_text(*bytes))) : std::nullopt;
}

Result<void> StandIns::add(const std::string& project, const std::string& archive,
                           const Sha256Digest& digest, const std::string& pkg_info,
                           const pypi::CoreMetadata& metadata) {
  const auto version = pypi::Version::parse(metadata.version);
  SLUICE_ASSERT(version.has_value());  // read_core_metadata() has seen it
  std::string stem = project;
  std::ranges::replace(stem, '-', '_');
  stem += "-" + version->text();
  const std::string wheel = stem + "-py3-none-any.whl";
  SLUICE_TRY_VOID(posix_file_system().create_directories(folder_ / "wheels"));
  SLUICE_TRY_VOID(write(folder_ / digest.hex(), pkg_info));
  SLUICE_TRY_VOID(write(folder_ / "wheels" / wheel,
                        zip({{stem + ".dist-info/METADATA", pkg_info},
                             {stem + ".dist-info/WHEEL",
                              "Wheel-Version: 1.0\nGenerator: sluice\nRoot-Is-Purelib: true\n"
                              "Tag: py3-none-any\n"},
                             {stem + ".dist-info/RECORD", ""}})));
  originals_[wheel] = archive;
  return {};
}

std::filesystem::path StandIns::folder() const {
  return originals_.empty() ? std::filesystem::path() : folder_ / "wheels";
}

std::string StandIns::original(const std::string& filename) const {
  const auto found = originals_.find(filename);
  return found == originals_.end() ? filename : found->second;
}

}  // namespace sluice::low
