#include "lowside/media/medium_size.h"

#include <charconv>

#include "common/base/text.h"
#include "common/media/layout.h"

namespace sluice::low {
namespace {

// Sectors of a blank: CD-R of 80 minutes, DVD+R (a DVD-R has more), BD-R of one layer with spare
// areas.
constexpr std::uint64_t kCdSectors = 359'844;
constexpr std::uint64_t kDvdSectors = 2'295'104;
constexpr std::uint64_t kBluraySectors = 11'826'176;

std::uint64_t unit_of(std::string_view suffix) {
  static constexpr std::string_view kLetters = "KMGT";
  if (suffix.empty() || suffix == "B") {
    return 1;
  }
  const std::size_t power = kLetters.find(suffix.front());
  if (power == std::string_view::npos) {
    return 0;
  }
  const std::string_view rest = suffix.substr(1);
  if (rest.empty() || rest == "B") {
    std::uint64_t unit = 1000;
    for (std::size_t i = 0; i < power; ++i) {
      unit *= 1000;
    }
    return unit;
  }
  return rest == "iB" || rest == "i" ? std::uint64_t{1024} << (10 * power) : 0;
}

}  // namespace

Result<std::uint64_t> parse_medium_size(std::string_view text) {
  if (text == "cd") {
    return kCdSectors * media::kSectorBytes;
  }
  if (text == "dvd") {
    return kDvdSectors * media::kSectorBytes;
  }
  if (text == "bluray") {
    return kBluraySectors * media::kSectorBytes;
  }
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  const std::uint64_t unit =
      failure == std::errc() ? unit_of({rest, static_cast<std::size_t>(end - rest)}) : 0;
  if (unit == 0 || number > media::kMaxVolumeBytes / unit) {
    return Error{ErrorCode::kInvalid, "size", "\"" + std::string(text) + "\" is none",
                 "write cd, dvd, bluray, or a number with M, G or T"};
  }
  if (number * unit < kMinVolumeBytes) {
    return Error{ErrorCode::kInvalid, "size", "\"" + std::string(text) + "\" is too small",
                 "at least " + human_size(kMinVolumeBytes)};
  }
  return number * unit;
}

}  // namespace sluice::low
