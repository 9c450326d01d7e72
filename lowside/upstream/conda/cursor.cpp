#include "lowside/upstream/conda/cursor.h"

#include <boost/json.hpp>

namespace sluice::low {
namespace {

namespace json = boost::json;

constexpr int kFormat = 1;

std::string text_of(const json::object& object, std::string_view key) {
  return std::string(object.at(key).as_string());
}

}  // namespace

Result<CondaCursor> CondaCursor::read(std::string_view text) {
  CondaCursor cursor;
  if (text.empty()) {
    return cursor;
  }
  Error unreadable{ErrorCode::kInvalid, "conda cursor",
                   "it is damaged, or of another version of this program",
                   "remove the source's cursor: everything is then looked at again"};
  try {  // Boost.JSON's own checked access; every way in which a cursor can be wrong ends here
    const json::value value = json::parse(json::string_view(text.data(), text.size()));
    const json::object& object = value.as_object();
    if (object.at("format").to_number<int>() != kFormat) {
      return unreadable;
    }
    for (const auto& [document, tracked] : object.at("subdirs").as_object()) {
      const json::object& parts = tracked.as_object();
      cursor.subdirs.emplace(
          document,
          CondaTracked{text_of(parts, "asked"), text_of(parts, "index"), text_of(parts, "etag"),
                       text_of(parts, "last_modified"), text_of(parts, "record")});
    }
  } catch (const std::exception&) {
    return unreadable;
  }
  return cursor;
}

std::string CondaCursor::write() const {
  json::object all;
  for (const auto& [document, tracked] : subdirs) {
    all[document] = json::object{{"asked", tracked.asked},
                                 {"index", tracked.index},
                                 {"etag", tracked.etag},
                                 {"last_modified", tracked.last_modified},
                                 {"record", tracked.record}};
  }
  return json::serialize(json::object{{"format", kFormat}, {"subdirs", std::move(all)}});
}

}  // namespace sluice::low
