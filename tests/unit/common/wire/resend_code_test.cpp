#include "common/wire/resend_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>
#include <set>

namespace sluice::wire {
namespace {

constexpr std::string_view kStream = "lab-low";

SequenceRange range(std::uint64_t first, std::uint64_t last) {
  return {ShipmentSequence(first), ShipmentSequence(last)};
}

std::string code_of(std::vector<SequenceRange> ranges) {
  const ResendCodes made = resend_codes(kStream, std::move(ranges));
  EXPECT_EQ(made.codes.size(), 1U);
  return made.codes.empty() ? "" : made.codes.front().text;
}

std::string refusal(std::string_view text, std::string_view stream = kStream) {
  const auto read = read_resend_code(text, stream);
  return read ? "read as " + to_text(*read) : read.error().message();
}

// Ranges apart from each other, `count` of them, all within [first, first + span].
std::vector<SequenceRange> random_ranges(std::mt19937_64& dice, std::size_t count,
                                         std::uint64_t first, std::uint64_t span) {
  std::set<std::uint64_t> points{first, first + span + 1};
  while (points.size() < 2 * count) {
    points.insert(first + 1 + dice() % span);
  }
  std::vector<SequenceRange> ranges;
  for (auto point = points.begin(); point != points.end(); std::advance(point, 2)) {
    ranges.push_back(range(*point, *std::next(point) - 1));
  }
  return ranges;
}

TEST(ResendCode, IsShortForWhatIsCommon) {
  EXPECT_EQ(code_of({range(2, 2)}).size(), 10U);
  EXPECT_LE(code_of({range(12, 14), range(20, 20)}).size(), 17U);
  EXPECT_LE(code_of({range(123'456, 123'460)}).size(), 17U);
  EXPECT_LE(code_of({range(kMaxCodedSequence - 1000, kMaxCodedSequence)}).size(), 31U);
}

TEST(ResendCode, IsReadAsItWasWritten) {
  std::mt19937_64 dice(1);
  for (int round = 0; round < 20'000; ++round) {
    const std::size_t count = 1 + dice() % kMaxRangesPerCode;
    const std::uint64_t span = 2 * count + dice() % 3000;
    const std::uint64_t first =
        1 + (dice() % kMaxCodedSequence >> dice() % 62) % (kMaxCodedSequence - 4000);
    const auto ranges = random_ranges(dice, count, first, span);
    const ResendCodes made = resend_codes(kStream, ranges);
    ASSERT_EQ(made.codes.size(), 1U) << to_text(ranges);
    ASSERT_EQ(made.added, 0U);
    ASSERT_LE(made.codes.front().text.size(), kMaxCodeCharacters);
    const auto read = read_resend_code(made.codes.front().text, kStream);
    ASSERT_TRUE(read) << read.error().message();
    ASSERT_EQ(*read, ranges);
  }
}

// Bits that `points` cost at the most between two others, but for the logarithm of the room, which
// each costs as well: the middle one may stand anywhere, and what its halves cost together is most
// where it shares the room as it shares the points.
double worst_of_sharing(std::size_t points) {
  if (points < 2) {
    return 0;
  }
  const std::size_t left = (points + 1) / 2 - 1;
  const std::size_t right = points - 1 - left;
  double bits = worst_of_sharing(left) + worst_of_sharing(right);
  for (const std::size_t half : {left, right}) {
    const auto share = static_cast<double>(half);
    bits += half == 0 ? 0 : share * std::log2(share / static_cast<double>(points - 1));
  }
  return bits;
}

// Of ten ranges that lie within `span` + 1 shipments, the last of `last_bits` bits.
double worst_bits(std::uint64_t span, unsigned last_bits) {
  const double header = 4 + 6 + (last_bits - 1) + std::log2(last_bits + 1);
  return header + static_cast<double>(std::bit_width(span) - 1) +
         18 * std::log2(static_cast<double>(span + 1)) + worst_of_sharing(18);
}

TEST(ResendCode, TenRangesAlwaysFitWithinTheNumbersThatTheHeaderPromises) {
  EXPECT_LE(worst_bits(65'535, 20), 59 * 5);
  EXPECT_LE(worst_bits(32'767, 38), 59 * 5);
  EXPECT_LE(worst_bits(12'000, 62), 59 * 5);
  std::mt19937_64 dice(2);
  constexpr std::uint64_t kSpan = 65'536;
  constexpr std::uint64_t kHighest = (1 << 20) - 1;
  std::vector<SequenceRange> even;
  for (std::uint64_t i = 0; i < 10; ++i) {
    const std::uint64_t first = kHighest - kSpan + 1 + i * kSpan * 2 / 20;
    even.push_back(range(first, i == 9 ? kHighest : first + kSpan / 20));
  }
  EXPECT_LE(code_of(even).size(), kMaxCodeCharacters);
  for (int round = 0; round < 20'000; ++round) {
    const auto ranges = random_ranges(dice, 10, kHighest - kSpan + 1, kSpan - 1);
    const ResendCodes made = resend_codes(kStream, ranges);
    ASSERT_EQ(made.codes.size(), 1U) << to_text(ranges);
  }
}

TEST(ResendCode, RangesFarApartTakeSeveralCodesAndNothingIsAdded) {
  std::vector<SequenceRange> far;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    far.push_back(range(i << 58, (i << 58) + (std::uint64_t{1} << 57)));
  }
  const ResendCodes made = resend_codes(kStream, far);
  EXPECT_GT(made.codes.size(), 1U);
  EXPECT_EQ(made.added, 0U);
  std::vector<SequenceRange> all;
  for (const ResendCode& code : made.codes) {
    EXPECT_LE(code.text.size(), kMaxCodeCharacters);
    const auto read = read_resend_code(code.text, kStream).value();
    EXPECT_EQ(read, code.ranges);
    all.insert(all.end(), read.begin(), read.end());
  }
  EXPECT_EQ(all, far);
}

TEST(ResendCode, TooManyRangesAreJoinedWhereTheFewestLieBetween) {
  std::vector<SequenceRange> many;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    many.push_back(range(10 * i + 1, 10 * i + 1 + i % 8));
  }
  const ResendCodes made = resend_codes(kStream, many);
  EXPECT_LE(made.codes.size(), kMaxCodes);
  std::uint64_t asked = 0;
  std::uint64_t named = 0;
  std::size_t at = 0;
  for (const ResendCode& code : made.codes) {
    for (const SequenceRange& joined : read_resend_code(code.text, kStream).value()) {
      named += joined.last.value() - joined.first.value() + 1;
      for (; at < many.size() && many[at].last <= joined.last; ++at) {
        EXPECT_GE(many[at].first, joined.first);
        asked += many[at].last.value() - many[at].first.value() + 1;
      }
    }
  }
  EXPECT_EQ(at, many.size());
  EXPECT_EQ(named - asked, made.added);
  EXPECT_GT(made.added, 0U);
}

TEST(ResendCode, RangesAreSortedAndJoinedBeforehand) {
  EXPECT_EQ(code_of({range(7, 9), range(1, 2), range(3, 3), range(8, 12)}),
            code_of({range(1, 3), range(7, 12)}));
  EXPECT_TRUE(resend_codes(kStream, {}).codes.empty());
  EXPECT_TRUE(
      resend_codes(kStream, {range(kMaxCodedSequence + 1, kMaxCodedSequence + 1)}).codes.empty());
}

TEST(ResendCode, IsReadHoweverItIsTyped) {
  const std::string code = code_of({range(1000, 1020), range(1101, 1111)});
  std::string sloppy;
  for (const char c : code) {
    sloppy += c == '-'   ? "  "
              : c == '0' ? "o"
              : c == '1' ? "l"
                         : std::string(1, static_cast<char>(std::tolower(c)));
  }
  const auto read = read_resend_code(sloppy, kStream);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(to_text(*read), "1000-1020,1101-1111");
  EXPECT_TRUE(looks_like_code(sloppy));
  EXPECT_FALSE(looks_like_code("12-14, 20"));
}

TEST(ResendCode, EveryWrongCharacterAndEverySwapIsNoticedAndItsGroupNamed) {
  std::mt19937_64 dice(3);
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const std::string code = code_of(random_ranges(dice, 10, 40'000, 30'000));
  ASSERT_GE(code.size(), 70U);
  std::size_t named = 0;
  std::size_t tried = 0;
  const auto expect_noticed = [&](const std::string& typed, std::size_t at) {
    const std::string message = refusal(typed);
    ASSERT_NE(message.find("checksum does not hold"), std::string::npos)
        << typed << ": " << message;
    const std::size_t characters =
        at - static_cast<std::size_t>(
                 std::count(code.begin(), code.begin() + static_cast<std::ptrdiff_t>(at), '-'));
    named += message.find("group " + std::to_string(characters / 5 + 1) + ",") != std::string::npos
                 ? 1
                 : 0;
    ++tried;
  };
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (code[i] == '-') {
      continue;
    }
    std::string typed = code;
    for (const char other : kAlphabet) {
      if (other != code[i] && (i + other) % 7 == 0) {  // looking for the group takes a while
        typed[i] = other;
        expect_noticed(typed, i);
      }
    }
    typed[i] = code[i];
    const std::size_t next = i + 1 < code.size() && code[i + 1] == '-' ? i + 2 : i + 1;
    if (next < code.size() && code[next] != code[i]) {
      std::swap(typed[i], typed[next]);
      expect_noticed(typed, next);
    }
  }
  EXPECT_GT(tried, 300U);
  EXPECT_GT(named * 100, tried * 99);
}

TEST(ResendCode, AMissingOrAnAdditionalCharacterIsNoticed) {
  const std::string code = code_of({range(1000, 1020), range(1101, 1111)});
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (code[i] == '-') {
      continue;
    }
    std::string shorter = code;
    shorter.erase(i, 1);
    EXPECT_FALSE(read_resend_code(shorter, kStream)) << shorter;
    std::string longer = code;
    longer.insert(i, 1, code[i]);
    EXPECT_FALSE(read_resend_code(longer, kStream)) << longer;
  }
}

TEST(ResendCode, SaysWhatIsWrong) {
  const std::string code = code_of({range(1000, 1020)});
  EXPECT_NE(refusal("").find("has 0 characters"), std::string::npos);
  EXPECT_NE(refusal("ABC").find("has 3 characters"), std::string::npos);
  EXPECT_NE(refusal(std::string(100, 'A')).find("more than 67 characters"), std::string::npos);
  EXPECT_NE(refusal("ABCDE-FU").find("group 2 has \"U\""), std::string::npos);
  EXPECT_NE(refusal("ABCDE-\x07").find("group 2 has a character"), std::string::npos);
  const std::string other = refusal(code, "plant-low");
  EXPECT_NE(other.find("belongs to another stream: codes of plant-low begin with"),
            std::string::npos)
      << other;
}

// Streams have different marks, and each begins with a letter.
TEST(ResendCode, CodesOfStreamsDiffer) {
  std::set<std::string> marks;
  for (int i = 0; i < 100; ++i) {
    const auto made = resend_codes("stream-" + std::to_string(i), {range(1, 1)});
    const std::string& code = made.codes.at(0).text;
    EXPECT_TRUE(code[0] >= 'A' && code[0] <= 'Z') << code;
    marks.insert(code.substr(0, 3));
  }
  EXPECT_GE(marks.size(), 98U);
}

}  // namespace
}  // namespace sluice::wire
