// Singularity's image format (SIF 1.0), as Apptainer and SingularityCE write it. All integers are
// little-endian, nothing is padded:
//
//   header, 128 bytes: launch[32], magic[10] "SIF_MAGIC\0", version[3] "01\0", arch[3], uuid[16],
//                      created, modified i64, then five of the table and the data, i64:
//                      descriptors free, descriptors in all, their offset, their bytes, the data's
//                      offset and bytes
//   descriptors, each 585 bytes: type i32, used u8, id u32, group u32, link u32, offset, size,
//                      size with padding, created, modified, uid, gid i64, name[128], extra[384]
//   data
//
// Groups are numbers above 0xf0000000, which alone is none; a link is an object's id or a group.
// Signatures leave out offsets, times of change and architectures: those are held against each
// other here.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/base/file_system.h"

namespace sluice::sif {

// Of one image; singularity makes room for 48.
inline constexpr std::size_t kMaxDescriptors = 1024;

inline constexpr std::int32_t kPartition = 0x4004;
inline constexpr std::int32_t kSignature = 0x4005;

// Bytes from anywhere. read_at() fills all of `into`, or fails.
class Source {
 public:
  virtual ~Source() = default;
  virtual std::uint64_t size() const = 0;
  virtual Result<void> read_at(std::uint64_t offset, MutableByteView into) const = 0;
};

class FileSource final : public Source {
 public:
  // `file` outlives it, and has `size` bytes.
  FileSource(const File& file, std::uint64_t size) : file_(file), size_(size) {}
  std::uint64_t size() const override { return size_; }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    return file_.read_at(offset, into);
  }

 private:
  const File& file_;
  const std::uint64_t size_;
};

struct Object {
  std::int32_t type = 0;
  std::uint32_t id = 0;
  std::uint32_t group = 0;  // 0: none
  std::uint32_t link = 0;   // 0: none; without the mark of a group
  bool links_group = false;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  Bytes extra;  // 384 bytes, which depend on the type
  // What a signature covers of the descriptor, before and behind the object's number within its
  // group, which stands between as u32.
  Bytes signed_head;
  Bytes signed_tail;
};

struct Image {
  std::string arch;             // "amd64"; empty: none is named
  Bytes signed_header;          // what a signature covers of the header
  std::vector<Object> objects;  // those in use, in the table's order
};

// kInvalid: it is no such image, or its parts do not fit: a version that is not known, a table or
// an object that is not inside of the file or overlaps another, counts that disagree, ids that are
// taken twice, links that lead nowhere, a partition that does not begin at 4096 bytes, two primary
// partitions, or one for another architecture than the header's. Nothing is allocated on its word
// beyond kMaxDescriptors. Other errors are those of `source`.
Result<Image> read_image(const std::string& thing, const Source& source);

}  // namespace sluice::sif
