// JSON cut and joined as text, so that what an upstream wrote (the form of its numbers, the order
// of its members) reaches clients unchanged, and so that a packument of tens of megabytes is not
// made into a tree for the sake of a few versions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace sluice::npm {

struct JsonMember {
  std::string key;         // decoded
  std::string_view value;  // its text, within the text that was cut
};

// The members of an object's text, in order. A key that stands twice is given once, with its last
// value, as JavaScript reads it. Only the structure is checked: parse a value before it is trusted.
// kInvalid: not an object, or its brackets or strings do not match; `cause` says where.
Result<std::vector<JsonMember>> json_members(std::string_view object);

// The value of `key`; empty if there is none.
std::string_view json_find(const std::vector<JsonMember>& members, std::string_view key);

// `text` as a JSON string, with its quotes.
std::string json_quote(std::string_view text);

// Joins members to objects: `{"a":1,"b":2}`.
class JsonObjectText {
 public:
  void add(std::string_view key, std::string_view value);  // `value` is JSON text
  std::string finish() &&;

 private:
  std::string text_ = "{";
};

}  // namespace sluice::npm
