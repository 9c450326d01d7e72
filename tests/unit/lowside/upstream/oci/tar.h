// Tars as a test wants them, hostile ones too.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <string>
#include <vector>

namespace sluice::low::test {

struct TarMember {
  std::string path;
  std::string content;
  std::string link_to{};  // a symbolic link
  bool is_hard = false;   // a hard one instead
};

inline std::string pack_tar(const std::vector<TarMember>& members, bool packed = false) {
  std::string bytes;
  archive* writer = archive_write_new();
  archive_write_set_format_pax_restricted(writer);
  if (packed) {
    archive_write_add_filter_gzip(writer);
  }
  archive_write_open(
      writer, &bytes, nullptr,
      [](archive*, void* out, const void* piece, std::size_t size) -> la_ssize_t {
        static_cast<std::string*>(out)->append(static_cast<const char*>(piece), size);
        return static_cast<la_ssize_t>(size);
      },
      nullptr);
  for (const TarMember& member : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member.path.c_str());
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_filetype(entry, AE_IFREG);
    if (!member.link_to.empty() && member.is_hard) {
      archive_entry_set_hardlink(entry, member.link_to.c_str());
    } else if (!member.link_to.empty()) {
      archive_entry_set_filetype(entry, AE_IFLNK);
      archive_entry_set_symlink(entry, member.link_to.c_str());
    }
    archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
    archive_write_header(writer, entry);
    archive_write_data(writer, member.content.data(), member.content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  return bytes;
}

}  // namespace sluice::low::test
