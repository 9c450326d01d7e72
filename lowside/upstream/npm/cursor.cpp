#include "lowside/upstream/npm/cursor.h"

#include <boost/json.hpp>

#include "lowside/pipeline/json_cursor.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

constexpr int kFormat = 1;

std::string text_at(const json::object& object, std::string_view key) {
  return std::string(object.at(key).as_string());
}

NpmTracked read_tracked(const json::object& object) {
  NpmTracked tracked;
  tracked.etag = text_at(object, "etag");
  tracked.answer = text_at(object, "answer");
  tracked.record = text_at(object, "record");
  for (const auto& [version, shipped] : object.at("versions").as_object()) {
    const json::object& digests = shipped.as_object();
    tracked.versions.emplace(
        version, NpmShipped{text_at(digests, "tarball"), text_at(digests, "integrity")});
  }
  return tracked;
}

LockedPackage read_locked(const json::object& object) {
  return {text_at(object, "name"), text_at(object, "version"),
          Digest::from_sri(text_at(object, "integrity")), object.at("optional").as_bool()};
}

json::array write_closure(const std::vector<LockedPackage>& packages) {
  json::array closure;
  for (const LockedPackage& locked : packages) {
    closure.push_back({{"name", locked.name},
                       {"version", locked.version},
                       {"integrity", locked.integrity ? locked.integrity->sri() : ""},
                       {"optional", locked.optional}});
  }
  return closure;
}

}  // namespace

Result<NpmCursor> NpmCursor::read(std::string_view text) {
  NpmCursor cursor;
  SLUICE_TRY_VOID(read_json_cursor("npm", text, kFormat, [&](const json::object& object) {
    cursor.keys = text_at(object, "keys");
    for (const auto& [name, tracked] : object.at("packages").as_object()) {
      cursor.packages.emplace(name, read_tracked(tracked.as_object()));
    }
    if (const json::value* closures = object.if_contains("closures")) {  // older ones have none
      for (const auto& [key, packages] : closures->as_object()) {
        for (const json::value& locked : packages.as_array()) {
          cursor.closures[key].push_back(read_locked(locked.as_object()));
        }
      }
    }
  }));
  return cursor;
}

std::string NpmCursor::write() const {
  json::object names;
  for (const auto& [name, tracked] : packages) {
    json::object versions;
    for (const auto& [version, shipped] : tracked.versions) {
      versions[version] =
          json::object{{"tarball", shipped.tarball}, {"integrity", shipped.integrity}};
    }
    names[name] = json::object{{"etag", tracked.etag},
                               {"answer", tracked.answer},
                               {"record", tracked.record},
                               {"versions", std::move(versions)}};
  }
  json::object runs;
  for (const auto& [key, packages_of_run] : closures) {
    runs[key] = write_closure(packages_of_run);
  }
  return json::serialize(json::object{{"format", kFormat},
                                      {"keys", keys},
                                      {"packages", std::move(names)},
                                      {"closures", std::move(runs)}});
}

}  // namespace sluice::low
