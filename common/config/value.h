// Values of settings: read from text, checked against bounds, written back.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/base/error.h"
#include "common/config/table.h"

namespace sluice::config {

// Durations are milliseconds, sizes bytes, rates bits per second, percentages thousandths of a
// percent, all as integers.
using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

// From text without quotes, as defaults and bounds are written; a list as in TOML. The Error has no
// thing yet: the caller knows the place.
Result<Value> parse_value(Type type, std::string_view text);

// A number, sum or size from its text in the file; kDuration, kSize, kRate and kPercent only.
Result<Value> parse_quantity(Type type, std::string_view text);

// What a constraint has against a value, if anything.
Result<void> check_value(const Setting& setting, const Value& value);

std::string toml_quoted(std::string_view text);      // as a basic string of TOML
std::string to_toml(Type type, const Value& value);  // parse_value and TOML both read it back
std::string noun(Type type);                         // "a duration"
std::string describe(const Setting& setting);        // type and constraint: for help and documents

}  // namespace sluice::config
