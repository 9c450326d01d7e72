// Where the symbols of a group lie: evenly over the data files, and within a slice so that
// neighbouring sectors belong to different blocks and codewords.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/media/group_head.h"

namespace sluice::media {

// "data/07.sluice": of the volume's data files, of which there are at most kMaxDataFiles.
std::string data_file_name(std::size_t file);

// A volume at the most: what a tape cartridge or a large disk holds.
inline constexpr std::uint64_t kMaxVolumeBytes = std::uint64_t{64} << 40;

// The symbol that a sector holds: which of the group's blocks, and its place in the order of
// sending (fec::Geometry::sent_at).
struct SectorPlace {
  std::uint16_t block = 0;
  std::uint32_t place = 0;
  bool operator==(const SectorPlace&) const = default;
};

// Between the heads of a slice and its symbols lies a heartbeat: a datagram with zeros behind it.
inline constexpr std::uint64_t kHeartbeatSectors = 1;

// The sectors of the slice in `file` behind its heartbeat, in order. `head` is within the limits
// of group_head.h.
std::vector<SectorPlace> slice_places(const GroupHead& head, std::size_t file);

// Sectors of each of the group's slices, heads and heartbeat included: the longest one's, so that a
// group begins at the same place in every file. Shorter slices end with zeros.
std::uint64_t slice_sectors(const GroupHead& head);

}  // namespace sluice::media
