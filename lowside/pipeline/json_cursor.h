// Cursors that are kept as JSON: what a source remembers from poll to poll.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::low {

// Gives the object to `take`, which may throw whatever Boost.JSON's checked access does; an empty
// text is an empty cursor, of which it is not told. kInvalid: it does not read, or its "format" is
// another. `ecosystem` for the message: "npm".
Result<void> read_json_cursor(std::string_view ecosystem, std::string_view text, int format,
                              const std::function<void(const boost::json::object&)>& take);

}  // namespace sluice::low
