#include "lowside/pipeline/json_cursor.h"

#include <boost/json.hpp>

namespace sluice::low {

Result<void> read_json_cursor(std::string_view ecosystem, std::string_view text, int format,
                              const std::function<void(const boost::json::object&)>& take) {
  const auto invalid = [&](std::string cause) {
    return Error{ErrorCode::kInvalid, std::string(ecosystem) + " cursor", std::move(cause),
                 "remove the source's cursor: everything is then looked at again"};
  };
  if (text.empty()) {
    return {};
  }
  try {
    const boost::json::value value =
        boost::json::parse(boost::json::string_view(text.data(), text.size()));
    const boost::json::object& object = value.as_object();
    if (object.at("format").to_number<int>() != format) {
      return invalid("it is of another version of this program");
    }
    take(object);
  } catch (const std::exception& failure) {
    return invalid(failure.what());
  }
  return {};
}

}  // namespace sluice::low
