// The JSON form of an index's page (PEP 691, 700, 714, 740).
#include <boost/json.hpp>

#include "common/ecosystem/pypi/project_name.h"
#include "lowside/upstream/pypi/simple_page.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 32;  // pages nest four levels

Error garbage(std::string cause) { return {ErrorCode::kInvalid, "", std::move(cause), ""}; }

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::uint64_t> number_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || (!value->is_int64() && !value->is_uint64()) ||
      (value->is_int64() && value->get_int64() < 0)) {
    return std::nullopt;
  }
  return value->is_uint64() ? value->get_uint64() : static_cast<std::uint64_t>(value->get_int64());
}

std::optional<Sha256Digest> sha256_of(const json::object& object, std::string_view key) {
  const auto* hashes = object.if_contains(key);
  return hashes != nullptr && hashes->is_object()
             ? Sha256Digest::from_hex(text_of(hashes->get_object(), "sha256"))
             : std::nullopt;
}

RawFile read_file(const json::object& object) {
  RawFile raw;
  raw.filename = text_of(object, "filename");
  raw.url = text_of(object, "url");
  raw.file.sha256 = sha256_of(object, "hashes");
  raw.file.size = number_of(object, "size");
  raw.file.requires_python = text_of(object, "requires-python");
  raw.file.upload_time = text_of(object, "upload-time");
  raw.file.provenance = text_of(object, "provenance");
  raw.file.metadata = sha256_of(object, "core-metadata");
  if (!raw.file.metadata) {
    raw.file.metadata = sha256_of(object, "dist-info-metadata");  // its name before PEP 714
  }
  const auto* yanked = object.if_contains("yanked");
  raw.file.yanked_reason = text_of(object, "yanked");
  raw.file.yanked = !raw.file.yanked_reason.empty() ||
                    (yanked != nullptr && yanked->is_bool() && yanked->get_bool());
  return raw;
}

}  // namespace

Result<RawPage> read_json_page(const std::string& project, std::string_view body) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code failure;
  const json::value value = json::parse(json::string_view(body.data(), body.size()), failure,
                                        json::storage_ptr(), options);
  const auto* object = failure ? nullptr : value.if_object();
  if (object == nullptr) {
    return garbage("it is not a JSON object");
  }
  const auto* meta = object->if_contains("meta");
  if (meta == nullptr || !meta->is_object() ||
      !text_of(meta->get_object(), "api-version").starts_with("1.")) {
    return garbage("it is not of version 1 of the interface");
  }
  if (pypi::normalise(text_of(*object, "name")) != project) {
    return garbage("it is not about " + project);
  }
  const auto* files = object->if_contains("files");
  if (files == nullptr || !files->is_array()) {
    return garbage("it has no list of files");
  }
  RawPage page;
  page.serial = number_of(meta->get_object(), "_last-serial").value_or(0);
  for (const auto& entry : files->get_array()) {
    if (!entry.is_object()) {
      return garbage("an entry of its files is not an object");
    }
    page.files.push_back(read_file(entry.get_object()));
  }
  return page;
}

}  // namespace sluice::low
