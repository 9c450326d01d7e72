// JSON cut as text: what a channel wrote of a package reaches clients byte for byte, and an index
// of hundreds of megabytes is not made into a tree for the sake of a few packages.
#pragma once

#include <functional>
#include <string_view>

#include "common/base/error.h"

namespace sluice::conda {

// The key as it stands between its quotes, escapes and all; the value's text. False ends the scan.
using EachMember = std::function<bool(std::string_view key, std::string_view value)>;

// Goes over the members of an object's text in order, in memory that does not grow with it. Only
// the structure is checked: parse a value before it is trusted. Nesting is at most 64 levels.
// kInvalid: not an object, or its brackets or strings do not match; `cause` says where.
Result<void> each_member(std::string_view object, const EachMember& each);

// The same of an array's elements.
Result<void> each_element(std::string_view array,
                          const std::function<bool(std::string_view value)>& each);

}  // namespace sluice::conda
