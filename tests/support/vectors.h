// The files of golden vectors in tests/vectors/. docs/testing.md says what is in them.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice::test {

namespace json = boost::json;

struct Vector {
  std::string name;
  Bytes bytes;
  json::object all;

  bool good() const { return all.contains("fields"); }
  const json::value& fields() const { return all.at("fields"); }
  // A text of a bad one: "refused", "code", "thing", "cause", "counted". Empty if it has none.
  std::string text(std::string_view key) const;
  bool flag(std::string_view key) const { return all.contains(key) && all.at(key).as_bool(); }
};

// Those of tests/vectors/<structure>.json.
std::vector<Vector> vectors_of(const std::string& structure);
// The names of all files, without the ending.
std::vector<std::string> structures();

// "hex *times ; remark" one after another.
Bytes bytes_of(const json::value& lines);

// The fields as a vector's file has them: numbers are compared by value, whatever type they were
// read as. Says where they differ.
void expect_fields(const json::value& expected, const json::value& actual);
// That the error is the one which the vector names.
void expect_refusal(const Vector& vector, const Error& error);

}  // namespace sluice::test
