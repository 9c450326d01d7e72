// A form with files, as it comes (RFC 7578, RFC 2046 section 5.1), in memory no longer than one
// part's header:
//
//   preamble  "--" boundary CRLF  header CRLF CRLF  data  CRLF "--" boundary CRLF …  "--" epilogue
//
// There is a boundary wherever a CRLF, "--" and its text stand, as the standard has it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice::high {

struct PartHead {
  std::string name;
  std::optional<std::string> filename;
};

// What takes the parts. An Error ends the reading and is the caller's.
class PartTaker {
 public:
  virtual ~PartTaker() = default;
  virtual Result<void> begin(const PartHead& head) = 0;
  virtual Result<void> data(ByteView bytes) = 0;  // of the part that was begun, in pieces
  virtual Result<void> end() = 0;
};

// One thread at a time; unusable after an Error.
class MultipartReader {
 public:
  static constexpr std::size_t kMaxBoundaryBytes = 70;  // the standard's
  static constexpr std::size_t kMaxHeadBytes = std::size_t{8} << 10;
  // twine sends one for each classifier and requirement.
  static constexpr std::size_t kMaxParts = 10'000;

  // Of "multipart/form-data; boundary=…"; none for another type or no good boundary.
  static std::optional<std::string> boundary_of(std::string_view content_type);

  // `taker` outlives it.
  MultipartReader(const std::string& boundary, PartTaker& taker);

  Result<void> write(ByteView bytes);
  // kInvalid: the last boundary has not come.
  Result<void> finish() const;

 private:
  enum class State { kPreamble, kBoundary, kHead, kData, kEpilogue };
  Result<bool> step();  // false: more bytes are needed
  Result<bool> read_data();
  Result<bool> read_boundary();
  Result<bool> read_head();

  const std::string delimiter_;
  PartTaker& taker_;
  State state_ = State::kPreamble;
  std::string buffer_ = "\r\n";  // what has not been understood yet; the first boundary may be bare
  std::size_t parts_ = 0;
};

}  // namespace sluice::high
