// Archives as a test wants them, hostile ones too.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <string>
#include <vector>

namespace sluice::low::test {

struct Member {
  std::string path;
  std::string content;
  std::string link_to{};  // a symbolic link
};

inline std::string pack(const std::vector<Member>& members, bool as_tar = false) {
  std::string packed;
  archive* writer = archive_write_new();
  if (as_tar) {
    archive_write_set_format_ustar(writer);
    archive_write_add_filter_gzip(writer);
  } else {
    archive_write_set_format_zip(writer);
  }
  archive_write_open(
      writer, &packed, nullptr,
      [](archive*, void* out, const void* bytes, std::size_t size) -> la_ssize_t {
        static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
        return static_cast<la_ssize_t>(size);
      },
      nullptr);
  for (const Member& member : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member.path.c_str());
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_filetype(entry, member.link_to.empty() ? AE_IFREG : AE_IFLNK);
    if (!member.link_to.empty()) {
      archive_entry_set_symlink(entry, member.link_to.c_str());
    }
    archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
    archive_write_header(writer, entry);
    archive_write_data(writer, member.content.data(), member.content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  return packed;
}

inline std::string core_metadata(const std::string& name, const std::string& version,
                                 const std::string& more = "") {
  return "Metadata-Version: 2.2\nName: " + name + "\nVersion: " + version + "\n" + more + "\n";
}

inline std::string wheel(const std::string& name, const std::string& version,
                         const std::string& more = "") {
  const std::string info = name + "-" + version + ".dist-info/";
  return pack({{name + ".py", "pass\n"},
               {info + "METADATA", core_metadata(name, version, more)},
               {info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
               {info + "RECORD", ""}});
}

inline std::string source_archive(const std::string& name, const std::string& version,
                                  const std::string& more = "") {
  const std::string folder = name + "-" + version + "/";
  return pack({{folder + "PKG-INFO", core_metadata(name, version, more)},
               {folder + "setup.py", "raise SystemExit('this is never run')\n"}},
              true);
}

}  // namespace sluice::low::test
