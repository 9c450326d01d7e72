// The head of a group: what a reader must know to take a group of blocks from a volume's data
// files. docs/protocol.md, "Removable media", has the bytes as a grammar.
//
// A volume's data files hold groups one after another. A group is some blocks of the link, each of
// its symbols sealed as a datagram of one sector, spread evenly over all the files; the part of it
// that lies in one file is a slice. Every slice begins with the group's head, as often as there are
// announces (one for each 8 receivers), so that one good sector of any file is enough to read the
// group, and a file can be found again by its sectors when the file system is damaged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/base/strong.h"
#include "common/crypto/keys.h"
#include "common/fec/block_code.h"

namespace sluice::media {

// The unit that a scratched disc loses. A datagram fills one: its symbol has 1988 bytes.
inline constexpr std::size_t kSectorBytes = 2048;
inline constexpr std::size_t kSymbolBytes = kSectorBytes - 60;
// Of each codeword, over 192 sectors: any 32 of them may be lost. At 5 % of all sectors, at random,
// a codeword of a Blu-ray's 60 000 loses more once in 25 000 discs; in one run it loses at most 17.
inline constexpr std::uint8_t kDataSymbols = 160;
inline constexpr std::uint8_t kParitySymbols = 32;
// Data files of a volume: a run of 5 % meets two of them at the most, and leaves heads in the
// others.
inline constexpr std::size_t kDataFiles = 24;
inline constexpr std::size_t kMaxDataFiles = 64;
inline constexpr std::size_t kMaxBlocksPerGroup = 32;
// Heads of a slice, one for each announce: more receivers take another export.
inline constexpr std::size_t kMaxHeads = 4;

struct GroupHead {
  std::string stream;
  std::uint64_t bundle = 0;  // names it: about when it began, in seconds since 1970; only grows
  std::uint16_t volume = 1;  // counts from 1
  std::uint32_t group = 0;   // counts from 0 in each volume
  bool last = false;         // of the volume
  std::uint64_t sector = 0;  // where the slices of this group begin, in every file
  std::uint8_t files = 1;
  std::uint8_t heads = 1;  // sectors at the begin of a slice
  SessionId session;       // of this group alone
  std::uint8_t max_data = kDataSymbols;
  std::uint8_t parity = kParitySymbols;
  std::vector<std::uint32_t> blocks;  // bytes of each; their numbers are 0, 1, …

  fec::Geometry geometry(std::size_t block) const;
  bool operator==(const GroupHead&) const = default;
};

// One sector. `announce` is a whole datagram (wire::write_announce); `file` the slice's.
Bytes write_head(const GroupHead& head, std::uint8_t file, ByteView announce,
                 const crypto::SigningKey& key);

struct ReadHead {
  GroupHead head;
  std::uint8_t file = 0;
  Bytes announce;
  // What the signature is made over, and the signature: for check_head().
  Bytes statement;
  crypto::Signature signature{};
};

// None: no head, or one that is damaged. Everything is within the limits above, and every geometry
// valid(). Nothing of it can be trusted before check_head().
std::optional<ReadHead> read_head(ByteView sector);
bool check_head(const ReadHead& head, const crypto::VerifyKey& sender);

// Whether a sector begins like a head: for who looks through an image.
bool looks_like_head(ByteView sector);

}  // namespace sluice::media
