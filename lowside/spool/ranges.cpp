#include "lowside/spool/ranges.h"

#include <charconv>
#include <optional>

#include "common/base/text.h"

namespace sluice::low {
namespace {

std::optional<ShipmentSequence> parse_sequence(std::string_view text) {
  text = trim(text);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) {
    return std::nullopt;
  }
  return ShipmentSequence(value);
}

std::optional<SequenceRange> parse_range(std::string_view part) {
  const std::size_t dash = part.find('-');
  const auto first = parse_sequence(part.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_sequence(part.substr(dash + 1));
  if (!first || !last || *last < *first) {
    return std::nullopt;
  }
  return SequenceRange{*first, *last};
}

}  // namespace

Result<std::vector<SequenceRange>> parse_ranges(std::string_view text) {
  std::vector<SequenceRange> ranges;
  for (const std::string_view part : split(text, ',')) {
    const auto range = parse_range(part);
    if (!range) {
      return Error{
          ErrorCode::kInvalid, "shipments \"" + std::string(text) + "\"",
          "\"" + std::string(part) + "\" is neither a number from 1 on nor a range of them",
          "write it as 3,5-7"};
    }
    if (ranges.size() == kMaxRanges) {
      return Error{ErrorCode::kRefused, "shipments",
                   "more than " + std::to_string(kMaxRanges) + " ranges at once",
                   "ask in several steps"};
    }
    ranges.push_back(*range);
  }
  return ranges;
}

Result<std::vector<SequenceRange>> parse_shipments(std::string_view text, std::string_view stream) {
  return wire::looks_like_code(text) ? wire::read_resend_code(text, stream) : parse_ranges(text);
}

}  // namespace sluice::low
