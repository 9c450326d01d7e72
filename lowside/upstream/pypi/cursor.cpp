#include "lowside/upstream/pypi/cursor.h"

#include <boost/json.hpp>

#include "lowside/pipeline/json_cursor.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

constexpr int kFormat = 1;

std::string text_at(const json::object& object, std::string_view key) {
  return std::string(object.at(key).as_string());
}

PypiTracked read_tracked(const json::object& object) {
  PypiTracked tracked;
  tracked.etag = text_at(object, "etag");
  tracked.last_modified = text_at(object, "last_modified");
  tracked.answer = text_at(object, "answer");
  tracked.serial = object.at("serial").to_number<std::uint64_t>();
  tracked.record = text_at(object, "record");
  for (const auto& [name, shipped] : object.at("files").as_object()) {
    const json::object& digests = shipped.as_object();
    // Cursors of before 2026-12 have no attestations.
    tracked.files.emplace(
        name,
        PypiShipped{text_at(digests, "sha256"), text_at(digests, "metadata"),
                    digests.contains("attestations") ? text_at(digests, "attestations") : ""});
  }
  return tracked;
}

json::object write_tracked(const PypiTracked& tracked) {
  json::object files;
  for (const auto& [name, shipped] : tracked.files) {
    files[name] = json::object{{"sha256", shipped.sha256},
                               {"metadata", shipped.metadata},
                               {"attestations", shipped.attestations}};
  }
  return {{"etag", tracked.etag},     {"last_modified", tracked.last_modified},
          {"answer", tracked.answer}, {"serial", tracked.serial},
          {"record", tracked.record}, {"files", std::move(files)}};
}

}  // namespace

Result<PypiCursor> PypiCursor::read(std::string_view text) {
  PypiCursor cursor;
  SLUICE_TRY_VOID(read_json_cursor("pypi", text, kFormat, [&](const json::object& object) {
    for (const auto& [name, tracked] : object.at("projects").as_object()) {
      cursor.projects.emplace(name, read_tracked(tracked.as_object()));
    }
    for (const auto& [key, closure] : object.at("closures").as_object()) {
      auto& files = cursor.closures[key];
      for (const auto& [file, project] : closure.as_object()) {
        files.push_back({std::string(project.as_string()), file});
      }
    }
  }));
  return cursor;
}

std::string PypiCursor::write() const {
  json::object names;
  for (const auto& [name, tracked] : projects) {
    names[name] = write_tracked(tracked);
  }
  json::object runs;
  for (const auto& [key, files] : closures) {
    json::object closure;
    for (const ResolvedFile& file : files) {
      closure[file.filename] = file.project;
    }
    runs[key] = std::move(closure);
  }
  return json::serialize(json::object{
      {"format", kFormat}, {"projects", std::move(names)}, {"closures", std::move(runs)}});
}

}  // namespace sluice::low
