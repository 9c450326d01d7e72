#include "lowside/upstream/files/cursor.h"

#include <boost/json.hpp>

namespace sluice::low {

namespace json = boost::json;

namespace {

using Digests = std::map<std::string, std::string>;  // by path

json::object write_digests(const Digests& digests) {
  json::object object;
  for (const auto& [path, digest] : digests) {
    object[path] = digest;
  }
  return object;
}

Digests read_digests(const json::value& value) {
  Digests digests;
  for (const auto& [path, digest] : value.as_object()) {
    digests[path] = std::string(digest.as_string());
  }
  return digests;
}

}  // namespace

std::string FilesCursor::serialize() const {
  json::object taken_json;
  for (const auto& [path, state] : taken) {
    taken_json[path] = json::array{state.size, state.modified_nanos, state.inode};
  }
  return json::serialize(json::object{{"version", 1},
                                      {"listed", write_digests(listed)},
                                      {"summed", write_digests(summed)},
                                      {"taken", std::move(taken_json)}});
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
    cursor.listed = read_digests(object.at("listed"));
    if (const json::value* summed = object.if_contains("summed")) {  // older ones have none
      cursor.summed = read_digests(*summed);
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
