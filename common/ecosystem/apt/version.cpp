#include "common/ecosystem/apt/version.h"

#include <algorithm>

namespace sluice::apt {
namespace {

struct Parts {
  std::string_view epoch;
  std::string_view upstream;
  std::string_view revision;
};

Parts take_apart(std::string_view version) {
  Parts parts;
  if (const auto colon = version.find(':'); colon != std::string_view::npos) {
    parts.epoch = version.substr(0, colon);
    version.remove_prefix(colon + 1);
  }
  const auto dash = version.rfind('-');
  parts.upstream = version.substr(0, dash);
  parts.revision = dash == std::string_view::npos ? "" : version.substr(dash + 1);
  return parts;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// '~' sorts before the end, letters before all other characters.
int rank(std::string_view text) {
  if (text.empty() || is_digit(text.front())) {
    return 0;
  }
  const char c = text.front();
  return c == '~' ? -1 : is_letter(c) ? c : static_cast<unsigned char>(c) + 256;
}

std::string_view take_number(std::string_view& text) {
  const auto* end = std::ranges::find_if_not(text, is_digit);
  std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

// Of any length: the longer number without leading zeros is the larger.
std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() <=> b.size() : a <=> b;
}

std::strong_ordering compare_parts(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while (rank(a) != 0 || rank(b) != 0) {
      if (const auto order = rank(a) <=> rank(b); order != 0) {
        return order;
      }
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
    const auto order = compare_numbers(take_number(a), take_number(b));
    if (order != 0) {
      return order;
    }
  }
  return std::strong_ordering::equal;
}

}  // namespace

std::strong_ordering compare_versions(std::string_view a, std::string_view b) {
  const Parts left = take_apart(a);
  const Parts right = take_apart(b);
  std::string_view left_epoch = left.epoch;
  std::string_view right_epoch = right.epoch;
  auto order = compare_numbers(take_number(left_epoch), take_number(right_epoch));
  if (order == 0) {
    order = compare_parts(left.upstream, right.upstream);
  }
  return order != 0 ? order : compare_parts(left.revision, right.revision);
}

}  // namespace sluice::apt
