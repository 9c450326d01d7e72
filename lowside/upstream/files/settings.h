// One source of plain files: a drop folder, a list of URLs, checksum files, or all of them, under
// one collection.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sluice::low {

struct FilesSettings {
  std::string name;        // the source's: "drop"
  std::string collection;  // the first part of every document: "/files/<collection>/…"
  std::chrono::seconds interval{30};

  std::filesystem::path drop_folder;  // empty: none
  // A file is taken when it has not changed for so long. Seen at polls, so at least one interval.
  std::chrono::seconds settle{10};
  // Where files go once the shipment that carries them is durable, on the drop folder's file system
  // and outside of it. Empty: they are left in place and remembered.
  std::filesystem::path done_folder;

  std::filesystem::path url_list;  // url_list.h; empty: none
  // More lines of such a list. What is published and not among them stays: they are what one
  // request asks for.
  std::vector<std::string> lines{};

  // Addresses of checksum files (url_list.h): what they name is fetched from beside them.
  std::vector<std::string> checksums;
  // Of what checksum files name, what matches one of `include` (empty: all) and none of `exclude`:
  // shell patterns (fnmatch), '*' matches '/' too.
  std::vector<std::string> include;
  std::vector<std::string> exclude;

  std::uint64_t size_limit = 0;  // bytes of a file; 0: the fetcher's default
};

}  // namespace sluice::low
