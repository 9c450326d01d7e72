#include "lowside/upstream/files/cursor.h"

#include <boost/json.hpp>

namespace sluice::low {

namespace json = boost::json;

std::string FilesCursor::serialize() const {
  json::object listed_json;
  for (const auto& [path, digest] : listed) {
    listed_json[path] = digest;
  }
  json::object taken_json;
  for (const auto& [path, state] : taken) {
    taken_json[path] = json::array{state.size, state.modified_nanos, state.inode};
  }
  return json::serialize(json::object{
      {"version", 1}, {"listed", std::move(listed_json)}, {"taken", std::move(taken_json)}});
}

Result<FilesCursor> FilesCursor::parse(std::string_view text, const std::string& source) {
  FilesCursor cursor;
  Error unreadable{ErrorCode::kInvalid, source, "its saved state cannot be read",
                   "it was written by a newer version, or is damaged: reset the source's state"};
  if (text.empty()) {
    return cursor;
  }
  try {
    const json::object object = json::parse(text).as_object();
    if (object.at("version").as_int64() != 1) {
      return unreadable;
    }
    for (const auto& [path, digest] : object.at("listed").as_object()) {
      cursor.listed[path] = std::string(digest.as_string());
    }
    for (const auto& [path, state] : object.at("taken").as_object()) {
      const json::array& parts = state.as_array();
      cursor.taken[path] = {parts.at(0).to_number<std::uint64_t>(),
                            parts.at(1).to_number<std::int64_t>(),
                            parts.at(2).to_number<std::uint64_t>()};
    }
    return cursor;
  } catch (const std::exception&) {  // Boost.JSON tells a wrong shape by throwing
    return unreadable;
  }
}

}  // namespace sluice::low
