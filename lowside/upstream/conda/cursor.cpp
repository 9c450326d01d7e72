#include "lowside/upstream/conda/cursor.h"

#include <boost/json.hpp>

#include "lowside/pipeline/json_cursor.h"

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
  SLUICE_TRY_VOID(read_json_cursor("conda", text, kFormat, [&](const json::object& object) {
    for (const auto& [document, tracked] : object.at("subdirs").as_object()) {
      const json::object& parts = tracked.as_object();
      cursor.subdirs.emplace(
          document,
          CondaTracked{text_of(parts, "asked"), text_of(parts, "index"), text_of(parts, "etag"),
                       text_of(parts, "last_modified"), text_of(parts, "record")});
    }
  }));
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
