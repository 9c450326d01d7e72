#include "common/wire/resend_code.h"

#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <variant>

#include "common/base/hasher.h"
#include "common/wire/mixed_radix.h"

namespace sluice::wire {
namespace {

// Crockford's base 32: no two characters that people take for each other.
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kGroup = 5;
constexpr std::size_t kMarkCharacters = 3;
constexpr std::size_t kCheckCharacters = 5;
// 13 dashes between 14 groups.
constexpr std::size_t kMaxCharacters = 67;
static_assert(kMaxCharacters + (kMaxCharacters - 1) / kGroup == kMaxCodeCharacters);
constexpr std::size_t kMaxPayload = kMaxCharacters - kMarkCharacters - kCheckCharacters;
constexpr std::size_t kMinCharacters = kMarkCharacters + 1 + kCheckCharacters;
constexpr std::uint64_t kCountRadix = 16;  // 10 … 15 are left for what is to come

using Characters = std::vector<std::uint8_t>;  // places in the alphabet

// CRC-24 of RFC 9580, section 6.1, over 5 bits a character: it catches every error within 24 bits,
// and so every wrong character and every swap of neighbours.
std::uint32_t crc24(std::span<const std::uint8_t> characters) {
  std::uint32_t crc = 0xB704CE;
  for (const std::uint8_t character : characters) {
    crc ^= std::uint32_t{character} << 19;
    for (int bit = 0; bit < 5; ++bit) {
      crc <<= 1;
      crc ^= (crc & 0x1000000) != 0 ? 0x1864CFBU : 0U;
    }
  }
  return crc;
}

// What all codes of a stream begin with. The first is a letter, so that no code is a list of
// numbers: 22 × 32 × 32 marks.
std::array<std::uint8_t, kMarkCharacters> mark_of(std::string_view stream) {
  const Sha256Digest digest = sha256(as_bytes(stream));
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < sizeof(number); ++i) {
    number = number << 8 | digest.bytes()[i];
  }
  return {static_cast<std::uint8_t>(10 + number / 1024 % 22),
          static_cast<std::uint8_t>(number / 32 % 32), static_cast<std::uint8_t>(number % 32)};
}

// --- ranges as a number

struct Step {
  std::uint64_t value;
  std::uint64_t radix;
};

// Begins and ends of the ranges are points p[0] < p[1] < …, an end being one behind its last. Each
// is coded by its place among those that its neighbours leave: the middle one first, then each half
// (binary interpolative coding).
void code_between(const std::vector<std::uint64_t>& points, std::size_t low, std::size_t high,
                  std::vector<Step>& steps) {
  if (high - low < 2) {
    return;
  }
  const std::size_t middle = (low + high) / 2;
  const std::uint64_t least = points[low] + (middle - low);
  const std::uint64_t most = points[high] - (high - middle);
  steps.push_back({points[middle] - least, most - least + 1});
  code_between(points, low, middle, steps);
  code_between(points, middle, high, steps);
}

// False: the number leaves no room for so many points.
bool decode_between(MixedRadix& number, std::vector<std::uint64_t>& points, std::size_t low,
                    std::size_t high) {
  if (high - low < 2) {
    return true;
  }
  if (points[high] - points[low] < high - low) {
    return false;
  }
  const std::size_t middle = (low + high) / 2;
  const std::uint64_t least = points[low] + (middle - low);
  const std::uint64_t most = points[high] - (high - middle);
  points[middle] = least + number.pop(most - least + 1);
  return decode_between(number, points, low, middle) &&
         decode_between(number, points, middle, high);
}

Characters payload_of(std::span<const SequenceRange> ranges) {
  std::vector<std::uint64_t> points;
  for (const SequenceRange& range : ranges) {
    points.push_back(range.first.value());
    points.push_back(range.last.value() + 1);
  }
  const std::uint64_t last = points.back() - 1;
  const std::uint64_t span = last - points.front();
  const auto last_bits = static_cast<std::uint64_t>(std::bit_width(last));
  const auto span_bits = static_cast<std::uint64_t>(std::bit_width(span));
  std::vector<Step> steps{{ranges.size() - 1, kCountRadix}, {last_bits - 1, 64}};
  steps.push_back({last - std::bit_floor(last), std::bit_floor(last)});
  steps.push_back({span_bits, last_bits + 1});
  if (span > 0) {
    steps.push_back({span - std::bit_floor(span), std::bit_floor(span)});
  }
  code_between(points, 0, points.size() - 1, steps);
  MixedRadix number;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    number.push(step->value, step->radix);
  }
  Characters payload(number.digits().rbegin(), number.digits().rend());
  if (payload.empty()) {
    payload.push_back(0);
  }
  return payload;
}

enum class Unread { kNothing, kNewer };

// The ranges, or why there are none.
std::variant<std::vector<SequenceRange>, Unread> ranges_of(std::span<const std::uint8_t> payload) {
  MixedRadix number(Characters(payload.rbegin(), payload.rend()));
  const std::uint64_t count = number.pop(kCountRadix) + 1;
  if (count > kMaxRangesPerCode) {
    return Unread::kNewer;
  }
  const std::uint64_t last_bits = number.pop(64) + 1;
  const std::uint64_t floor = std::uint64_t{1} << (last_bits - 1);
  if (floor > kMaxCodedSequence) {
    return Unread::kNothing;
  }
  const std::uint64_t last = floor + number.pop(floor);
  std::uint64_t span = 0;
  if (const std::uint64_t span_bits = number.pop(last_bits + 1); span_bits > 0) {
    const std::uint64_t span_floor = std::uint64_t{1} << (span_bits - 1);
    span = span_floor + number.pop(span_floor);
  }
  std::vector<std::uint64_t> points(2 * count);
  points.front() = last - std::min(span, last);
  points.back() = last + 1;
  if (points.front() == 0 || last > kMaxCodedSequence ||
      !decode_between(number, points, 0, points.size() - 1)) {
    return Unread::kNothing;
  }
  std::vector<SequenceRange> ranges;
  for (std::size_t i = 0; i < points.size(); i += 2) {
    ranges.push_back({ShipmentSequence(points[i]), ShipmentSequence(points[i + 1] - 1)});
  }
  // There is one way to write them.
  if (!number.zero() || !std::ranges::equal(payload_of(ranges), payload)) {
    return Unread::kNothing;
  }
  return ranges;
}

// --- characters

std::string text_of(const Characters& characters) {
  std::string text;
  for (std::size_t i = 0; i < characters.size(); ++i) {
    text += i % kGroup == 0 && i > 0 ? "-" : "";
    text += kAlphabet[characters[i]];
  }
  return text;
}

// None: the ranges do not fit one code.
std::optional<std::string> write_code(std::string_view stream,
                                      std::span<const SequenceRange> ranges) {
  const Characters payload = payload_of(ranges);
  if (payload.size() > kMaxPayload) {
    return std::nullopt;
  }
  const auto mark = mark_of(stream);
  Characters characters(mark.begin(), mark.end());
  characters.insert(characters.end(), payload.begin(), payload.end());
  const std::uint32_t crc = crc24(characters);
  for (int shift = 20; shift >= 0; shift -= 5) {
    characters.push_back(static_cast<std::uint8_t>(crc >> shift & 31));
  }
  return text_of(characters);
}

bool checksum_holds(std::span<const std::uint8_t> characters) {
  std::uint32_t stated = 0;
  for (const std::uint8_t character : characters.last(kCheckCharacters)) {
    stated = stated << 5 | character;
  }
  return stated == crc24(characters.first(characters.size() - kCheckCharacters));
}

std::span<const std::uint8_t> payload_in(std::span<const std::uint8_t> characters) {
  return characters.subspan(kMarkCharacters,
                            characters.size() - kMarkCharacters - kCheckCharacters);
}

bool has_mark(std::span<const std::uint8_t> characters, std::string_view stream) {
  return std::ranges::equal(characters.first(kMarkCharacters), mark_of(stream));
}

std::string group_name(const Characters& characters, std::size_t group) {
  const auto begin = characters.begin() + static_cast<std::ptrdiff_t>(group * kGroup);
  const auto size = std::min<std::ptrdiff_t>(kGroup, characters.end() - begin);
  return "group " + std::to_string(group + 1) + ", \"" + text_of(Characters(begin, begin + size)) +
         "\"";
}

// The groups in which one wrong character, or two neighbours that were swapped, would explain why
// the checksum does not hold.
std::set<std::size_t> suspects(const Characters& typed, std::string_view stream) {
  std::set<std::size_t> groups;
  Characters tried = typed;
  const auto explains = [&] {
    return checksum_holds(tried) && has_mark(tried, stream) &&
           std::holds_alternative<std::vector<SequenceRange>>(ranges_of(payload_in(tried)));
  };
  for (std::size_t i = 0; i < typed.size(); ++i) {
    for (std::size_t other = 0; other < kAlphabet.size(); ++other) {
      tried[i] = static_cast<std::uint8_t>(other);
      if (other != typed[i] && explains()) {
        groups.insert(i / kGroup);
      }
    }
    tried[i] = typed[i];
    if (i > 0 && typed[i] != typed[i - 1]) {
      std::swap(tried[i - 1], tried[i]);
      if (explains()) {
        groups.insert(i / kGroup);
      }
      std::swap(tried[i - 1], tried[i]);
    }
  }
  return groups;
}

Error wrong_code(ErrorCode code, std::string cause, std::string cure) {
  return {code, "resend code", std::move(cause), std::move(cure)};
}

Result<Characters> characters_of(std::string_view text) {
  Characters characters;
  for (const char raw : text) {
    if (raw == '-' || raw == ' ' || raw == '\t' || raw == '\n' || raw == '\r') {
      continue;
    }
    char c = raw >= 'a' && raw <= 'z' ? static_cast<char>(raw - 'a' + 'A') : raw;
    c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
    const std::size_t place = kAlphabet.find(c);
    if (place == std::string_view::npos) {
      const bool shown = raw > ' ' && raw <= '~';
      return wrong_code(ErrorCode::kInvalid,
                        "group " + std::to_string(characters.size() / kGroup + 1) + " has " +
                            (shown ? std::string("\"") + raw + "\"" : "a character") +
                            ", which stands in no code",
                        "read that group again");
    }
    characters.push_back(static_cast<std::uint8_t>(place));
    if (characters.size() > kMaxCharacters) {
      return wrong_code(ErrorCode::kInvalid,
                        "has more than " + std::to_string(kMaxCharacters) + " characters",
                        "give one code at a time");
    }
  }
  if (characters.size() < kMinCharacters) {
    return wrong_code(ErrorCode::kInvalid,
                      "has " + std::to_string(characters.size()) +
                          " characters, and the shortest code has " +
                          std::to_string(kMinCharacters),
                      "type all of its groups");
  }
  return characters;
}

Error bad_checksum(const Characters& typed, std::string_view stream) {
  const std::set<std::size_t> groups = suspects(typed, stream);
  return wrong_code(
      ErrorCode::kInvalid,
      groups.size() == 1
          ? "its checksum does not hold: " + group_name(typed, *groups.begin()) +
                ", is likely to be wrong"
          : "its checksum does not hold, and more than one character is wrong or one "
            "is missing",
      groups.size() == 1 ? "compare that group with the code" : "compare each group with the code");
}

// --- several codes

// Sorted, joined where they touch, without numbers that no code can say.
std::vector<SequenceRange> normalized(std::vector<SequenceRange> ranges) {
  std::erase_if(ranges, [](const SequenceRange& range) {
    return range.first.value() == 0 || range.last < range.first ||
           range.last.value() > kMaxCodedSequence;
  });
  std::ranges::sort(ranges, {}, &SequenceRange::first);
  std::vector<SequenceRange> apart;
  for (const SequenceRange& range : ranges) {
    if (!apart.empty() && range.first.value() <= apart.back().last.value() + 1) {
      apart.back().last = std::max(apart.back().last, range.last);
    } else {
      apart.push_back(range);
    }
  }
  return apart;
}

// Joins the two neighbours with the fewest between them; returns how many those are.
std::uint64_t join_closest(std::vector<SequenceRange>& ranges) {
  const auto between = [&](std::size_t i) {
    return ranges[i + 1].first.value() - ranges[i].last.value() - 1;
  };
  std::size_t closest = 0;
  for (std::size_t i = 1; i + 1 < ranges.size(); ++i) {
    closest = between(i) < between(closest) ? i : closest;
  }
  const std::uint64_t joined = between(closest);
  ranges[closest].last = ranges[closest + 1].last;
  ranges.erase(ranges.begin() + static_cast<std::ptrdiff_t>(closest) + 1);
  return joined;
}

// As many ranges in each code as it takes.
std::vector<ResendCode> codes_of(std::string_view stream, std::span<const SequenceRange> ranges) {
  std::vector<ResendCode> codes;
  while (!ranges.empty()) {
    std::size_t count = std::min(ranges.size(), kMaxRangesPerCode);
    std::optional<std::string> text = write_code(stream, ranges.first(count));
    for (; !text; text = write_code(stream, ranges.first(count))) {
      --count;  // one range always fits: 27 characters at the most
    }
    codes.push_back({*std::move(text), {ranges.begin(), ranges.begin() + std::ptrdiff_t(count)}});
    ranges = ranges.subspan(count);
  }
  return codes;
}

}  // namespace

ResendCodes resend_codes(std::string_view stream, std::vector<SequenceRange> ranges) {
  ranges = normalized(std::move(ranges));
  ResendCodes made;
  while (ranges.size() > kMaxCodes * kMaxRangesPerCode) {
    made.added += join_closest(ranges);
  }
  made.codes = codes_of(stream, ranges);
  while (made.codes.size() > kMaxCodes) {
    made.added += join_closest(ranges);
    made.codes = codes_of(stream, ranges);
  }
  return made;
}

std::string to_text(std::span<const SequenceRange> ranges) {
  std::string text;
  for (const SequenceRange& range : ranges) {
    text += (text.empty() ? "" : ",") + std::to_string(range.first.value());
    text += range.first == range.last ? "" : "-" + std::to_string(range.last.value());
  }
  return text;
}

bool looks_like_code(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

Result<std::vector<SequenceRange>> read_resend_code(std::string_view text,
                                                    std::string_view stream) {
  SLUICE_TRY(const Characters characters, characters_of(text));
  if (!checksum_holds(characters)) {
    return bad_checksum(characters, stream);
  }
  if (!has_mark(characters, stream)) {
    const auto mark = mark_of(stream);
    return wrong_code(
        ErrorCode::kRefused,
        "belongs to another stream: codes of " + std::string(stream) + " begin with " +
            text_of(Characters(mark.begin(), mark.end())) + ", this one with " +
            text_of(Characters(characters.begin(), characters.begin() + kMarkCharacters)),
        "give it to the low side that sluice-high names beside it");
  }
  auto ranges = ranges_of(payload_in(characters));
  if (const Unread* const why = std::get_if<Unread>(&ranges)) {
    return *why == Unread::kNewer ? wrong_code(ErrorCode::kRefused, "was made by a newer version",
                                               "type the numbers that sluice-high lists instead")
                                  : wrong_code(ErrorCode::kInvalid, "names no shipments",
                                               "ask sluice-high for it again");
  }
  return std::get<std::vector<SequenceRange>>(std::move(ranges));
}

}  // namespace sluice::wire
