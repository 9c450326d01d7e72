#include "common/media/layout.h"

#include <algorithm>

namespace sluice::media {
namespace {

// Of a block's places, those before `file`.
std::uint32_t before(std::uint32_t total, std::size_t file, std::size_t files) {
  return static_cast<std::uint32_t>(std::uint64_t{total} * file / files);
}

}  // namespace

std::string data_file_name(std::size_t file) {
  return "data/" + std::string(file < 10 ? "0" : "") + std::to_string(file) + ".sluice";
}

std::vector<SectorPlace> slice_places(const GroupHead& head, std::size_t file) {
  struct Run {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  std::vector<Run> runs;
  std::uint32_t longest = 0;
  std::size_t all = 0;
  for (std::size_t block = 0; block < head.blocks.size(); ++block) {
    const std::uint32_t total = head.geometry(block).total_symbols();
    const std::uint32_t first = before(total, file, head.files);
    runs.push_back({first, before(total, file + 1, head.files) - first});
    longest = std::max(longest, runs.back().count);
    all += runs.back().count;
  }
  std::vector<SectorPlace> places;
  places.reserve(all);
  for (std::uint32_t i = 0; i < longest; ++i) {
    for (std::size_t block = 0; block < runs.size(); ++block) {
      if (i < runs[block].count) {
        places.push_back({static_cast<std::uint16_t>(block), runs[block].first + i});
      }
    }
  }
  return places;
}

std::uint64_t slice_sectors(const GroupHead& head) {
  std::uint64_t longest = 0;
  for (std::size_t file = 0; file < head.files; ++file) {
    std::uint64_t sectors = 0;
    for (std::size_t block = 0; block < head.blocks.size(); ++block) {
      const std::uint32_t total = head.geometry(block).total_symbols();
      sectors += before(total, file + 1, head.files) - before(total, file, head.files);
    }
    longest = std::max(longest, sectors);
  }
  return head.heads + kHeartbeatSectors + longest;
}

}  // namespace sluice::media
