#include "common/config/value.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <sstream>

#include "common/base/text.h"

namespace sluice::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
// From the largest: a value is written in the largest unit that leaves no fraction.
constexpr std::array kDurationUnits{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000},
                                    Unit{"s", 1'000}, Unit{"ms", 1}};
constexpr std::array kSizeUnits{Unit{"TiB", std::int64_t{1} << 40},
                                Unit{"GiB", 1 << 30},
                                Unit{"MiB", 1 << 20},
                                Unit{"KiB", 1 << 10},
                                Unit{"B", 1},
                                Unit{"TB", 1'000'000'000'000},
                                Unit{"GB", 1'000'000'000},
                                Unit{"MB", 1'000'000},
                                Unit{"kB", 1'000}};
constexpr std::array kRateUnits{Unit{"Gbit/s", 1'000'000'000}, Unit{"Mbit/s", 1'000'000},
                                Unit{"kbit/s", 1'000}, Unit{"bit/s", 1}};

constexpr std::array kPercentUnits{Unit{"%", 1'000}};

std::span<const Unit> units_of(Type type) {
  switch (type) {
    case Type::kDuration:
      return kDurationUnits;
    case Type::kSize:
      return kSizeUnits;
    case Type::kRate:
      return kRateUnits;
    case Type::kPercent:
      return kPercentUnits;
    default:
      return {};
  }
}

Error not_a(Type type) { return {ErrorCode::kInvalid, "", "is not " + noun(type), ""}; }

// Takes "1.5GiB" or the "1h" of "1h30m" from the front; none if it is no number with a known unit,
// or beyond 64 bits.
std::optional<std::int64_t> take_term(Type type, std::string_view& text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || text.front() == '-') {
    return std::nullopt;
  }
  std::int64_t whole = 0;
  const auto [whole_end, whole_error] = std::from_chars(text.data(), end, whole);
  const bool is_whole = whole_error == std::errc() && whole_end == end;
  text = trim(text.substr(static_cast<std::size_t>(end - text.data())));
  const std::size_t unit_end = std::min(text.find_first_of("0123456789"), text.size());
  const std::string_view name = trim(text.substr(0, unit_end));
  text.remove_prefix(unit_end);
  const auto units = units_of(type);
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [name](const Unit& candidate) { return candidate.name == name; });
  if (unit == units.end()) {
    return std::nullopt;
  }
  if (is_whole) {  // exactly: a double has no more than 53 bits
    const bool fits = !__builtin_mul_overflow(whole, unit->factor, &whole);
    return fits ? std::optional(whole) : std::nullopt;
  }
  const double product = number * static_cast<double>(unit->factor);
  // 2^63 exactly: the first value that does not fit.
  if (!(product < -static_cast<double>(std::numeric_limits<std::int64_t>::min()))) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(product);
}

std::string format_percent(std::int64_t thousandths) {
  std::string fraction = std::to_string(1000 + thousandths % 1000).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return std::to_string(thousandths / 1000) + (fraction.empty() ? "" : "." + fraction) + "%";
}

std::string format_quantity(Type type, std::int64_t value) {
  if (type == Type::kPercent) {
    return format_percent(value);
  }
  const auto units = units_of(type);
  const auto unit = std::find_if(units.begin(), units.end(), [value](const Unit& candidate) {
    return value % candidate.factor == 0 && (value != 0 || candidate.factor == 1);
  });
  return std::to_string(value / unit->factor) + std::string(unit->name);
}

std::string format_decimal(double value) {
  std::array<char, 64> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  SLUICE_ASSERT(error == std::errc());
  const std::string digits(text.data(), end);
  return digits.find_first_of(".en") == std::string::npos ? digits + ".0" : digits;
}

Result<Value> parse_list(Type type, std::string_view text) {
  try {
    const toml::table parsed = toml::parse("list = " + std::string(text));
    std::vector<std::string> list;
    if (const toml::array* array = parsed["list"].as_array()) {
      for (const toml::node& element : *array) {
        if (const auto string = element.value_exact<std::string>()) {
          list.push_back(*string);
        } else {
          return not_a(type);
        }
      }
      return Value(std::move(list));
    }
  } catch (const toml::parse_error&) {
    return not_a(type);
  }
  return not_a(type);
}

template <class Number>
Result<Value> parse_number(Type type, std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return not_a(type);
  }
  return Value(number);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + word;
  }
  return text;
}

Error refused(std::string cause, std::string cure = {}) {
  return {ErrorCode::kInvalid, "", std::move(cause), std::move(cure)};
}

Result<void> check_bounds(const Setting& setting, const Value& value) {
  const Constraint& limit = setting.constraint;
  const auto range = "allowed: " + describe(setting);
  // Both hold the same alternative, so that < compares numbers.
  if (!limit.minimum.empty() && value < parse_value(setting.type, limit.minimum).value()) {
    return refused("is less than " + limit.minimum, range);
  }
  if (!limit.maximum.empty() && parse_value(setting.type, limit.maximum).value() < value) {
    return refused("is more than " + limit.maximum, range);
  }
  return {};
}

Result<void> check_text(const Constraint& limit, const std::string& text) {
  if (!limit.choices.empty() &&
      std::find(limit.choices.begin(), limit.choices.end(), text) == limit.choices.end()) {
    return refused(toml_quoted(text) + " is none of the choices",
                   "choose " + joined(limit.choices));
  }
  if (limit.check) {
    if (const auto cause = limit.check(text)) {
      return refused(*cause, limit.says.empty() ? "" : "write " + limit.says);
    }
  }
  return {};
}

}  // namespace

Result<Value> parse_quantity(Type type, std::string_view text) {
  std::int64_t sum = 0;
  text = trim(text);
  do {
    const auto term = text.empty() ? std::nullopt : take_term(type, text);
    if (!term || __builtin_add_overflow(sum, *term, &sum)) {
      return not_a(type);
    }
  } while (type == Type::kDuration && !text.empty());
  return text.empty() ? Result<Value>(Value(sum)) : not_a(type);
}

Result<Value> parse_value(Type type, std::string_view text) {
  switch (type) {
    case Type::kString:
    case Type::kPath:
      return Value(std::string(text));
    case Type::kBool:
      return text == "true" || text == "false" ? Result<Value>(Value(text == "true")) : not_a(type);
    case Type::kInt:
      return parse_number<std::int64_t>(type, text);
    case Type::kDecimal:
      return parse_number<double>(type, text);
    case Type::kDuration:
    case Type::kSize:
    case Type::kRate:
    case Type::kPercent:
      return parse_quantity(type, text);
    case Type::kStrings:
    case Type::kPaths:
      return parse_list(type, text);
  }
  return not_a(type);
}

Result<void> check_value(const Setting& setting, const Value& value) {
  SLUICE_TRY_VOID(check_bounds(setting, value));
  const Constraint& limit = setting.constraint;
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (text->empty()) {
      return limit.not_empty ? Result<void>(refused("is empty")) : Result<void>();
    }
    return check_text(limit, *text);
  }
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    if (list->empty() && limit.not_empty) {
      return refused("is empty");
    }
    for (const std::string& element : *list) {
      SLUICE_TRY_VOID(check_text(limit, element));
    }
  }
  if (const auto* number = std::get_if<std::int64_t>(&value); number && !limit.choices.empty()) {
    return check_text(limit, std::to_string(*number));
  }
  return {};
}

std::string toml_quoted(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (byte < 0x20 || byte == 0x7f) {
      out.append("\\u00").append({kDigits[byte >> 4], kDigits[byte & 15]});
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

std::string to_toml(Type type, const Value& value) {
  switch (type) {
    case Type::kString:
    case Type::kPath:
      return toml_quoted(std::get<std::string>(value));
    case Type::kBool:
      return std::get<bool>(value) ? "true" : "false";
    case Type::kInt:
      return std::to_string(std::get<std::int64_t>(value));
    case Type::kDecimal:
      return format_decimal(std::get<double>(value));
    case Type::kDuration:
    case Type::kSize:
    case Type::kRate:
    case Type::kPercent:
      return toml_quoted(format_quantity(type, std::get<std::int64_t>(value)));
    case Type::kStrings:
    case Type::kPaths:
      break;
  }
  std::vector<std::string> elements;
  for (const std::string& element : std::get<std::vector<std::string>>(value)) {
    elements.push_back(toml_quoted(element));
  }
  return "[" + joined(elements) + "]";
}

std::string noun(Type type) {
  switch (type) {
    case Type::kString:
      return "a string";
    case Type::kInt:
      return "an integer";
    case Type::kDecimal:
      return "a number";
    case Type::kBool:
      return "true or false";
    case Type::kDuration:
      return "a duration";
    case Type::kSize:
      return "a size";
    case Type::kRate:
      return "a rate";
    case Type::kPercent:
      return "a percentage";
    case Type::kPath:
      return "a path";
    case Type::kStrings:
      return "a list of strings";
    case Type::kPaths:
      return "a list of paths";
  }
  return "";
}

std::string describe(const Setting& setting) {
  const Constraint& limit = setting.constraint;
  std::string text = noun(setting.type);
  switch (setting.type) {
    case Type::kDuration:
      text += " such as \"10m\" (d, h, m, s, ms)";
      break;
    case Type::kSize:
      text += " such as \"4MiB\" (B, KiB, MiB, GiB, TiB, kB, MB, GB, TB)";
      break;
    case Type::kRate:
      text += " such as \"500Mbit/s\" (bit/s, kbit/s, Mbit/s, Gbit/s)";
      break;
    case Type::kPercent:
      text += " such as \"12.5%\"";
      break;
    default:
      break;
  }
  if (!limit.choices.empty()) {
    text += ": one of " + joined(limit.choices);
  }
  if (!limit.minimum.empty() && !limit.maximum.empty()) {
    text += ", " + limit.minimum + " to " + limit.maximum;
  } else if (!limit.minimum.empty()) {
    text += ", at least " + limit.minimum;
  } else if (!limit.maximum.empty()) {
    text += ", at most " + limit.maximum;
  }
  if (!limit.says.empty()) {
    text += ", " + limit.says;
  }
  if (limit.unique) {
    text += ", unique";
  } else if (limit.not_empty) {
    text += ", not empty";
  }
  return text;
}

}  // namespace sluice::config
