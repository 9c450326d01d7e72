#include "tests/support/vectors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/base/text.h"

namespace sluice::test {
namespace {

std::filesystem::path folder() {
  return std::filesystem::path(SLUICE_SOURCE_DIR) / "tests/vectors";
}

json::value read(const std::string& structure) {
  const std::ifstream file(folder() / (structure + ".json"));
  std::stringstream text;
  text << file.rdbuf();
  return json::parse(text.str());
}

void append_line(std::string_view line, Bytes& out) {
  std::string_view digits = line.substr(0, line.find(" ;"));
  std::size_t times = 1;
  if (const std::size_t star = digits.find(" *"); star != std::string_view::npos) {
    times = std::stoul(std::string(digits.substr(star + 2)));
    digits = digits.substr(0, star);
  }
  const Bytes once = hex_decode(digits).value();
  out.reserve(out.size() + once.size() * times);
  for (std::size_t i = 0; i < times; ++i) {
    out.insert(out.end(), once.begin(), once.end());
  }
}

}  // namespace

std::string Vector::text(std::string_view key) const {
  const json::value* value = all.if_contains(key);
  return value == nullptr ? "" : std::string(value->as_string());
}

Bytes bytes_of(const json::value& lines) {
  Bytes bytes;
  for (const json::value& line : lines.as_array()) {
    append_line(line.as_string(), bytes);
  }
  return bytes;
}

std::vector<Vector> vectors_of(const std::string& structure) {
  std::vector<Vector> vectors;
  const json::value file = read(structure);
  for (const json::value& entry : file.at("vectors").as_array()) {
    const json::object& all = entry.as_object();
    const json::value* bytes = all.if_contains("bytes");
    vectors.push_back({std::string(all.at("name").as_string()),
                       bytes == nullptr ? Bytes() : bytes_of(*bytes), all});
  }
  return vectors;
}

std::vector<std::string> structures() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (entry.path().extension() == ".json") {
      names.push_back(entry.path().stem().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

// Boost compares numbers of different types by value.
void expect_fields(const json::value& expected, const json::value& actual) {
  EXPECT_EQ(expected, actual);
}

void expect_refusal(const Vector& vector, const Error& error) {
  EXPECT_EQ(vector.text("code"), to_string(error.code)) << error.message();
  EXPECT_EQ(vector.text("thing"), error.thing) << error.message();
  EXPECT_NE(error.cause.find(vector.text("cause")), std::string::npos) << error.message();
}

}  // namespace sluice::test
