#include "lowside/upstream/oci/cursor.h"

#include <boost/json.hpp>
#include <stdexcept>

#include "lowside/pipeline/json_cursor.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

constexpr int kFormat = 1;

Sha256Digest digest_of(std::string_view hex) {
  const auto digest = Sha256Digest::from_hex(hex);
  if (!digest || digest->hex() != hex) {
    throw std::invalid_argument("no digest");
  }
  return *digest;
}

OciTracked read_tracked(const json::object& parts) {
  OciTracked tracked;
  tracked.record = parts.at("record").as_string();
  for (const json::value& digest : parts.at("pinned").as_array()) {
    tracked.pinned.insert(digest_of(digest.as_string()));
  }
  for (const auto& [digest, since] : parts.at("untagged").as_object()) {
    tracked.untagged.emplace(digest_of(digest), since.to_number<std::int64_t>());
  }
  return tracked;
}

}  // namespace

Result<OciCursor> OciCursor::read(std::string_view text) {
  OciCursor cursor;
  SLUICE_TRY_VOID(read_json_cursor("OCI", text, kFormat, [&](const json::object& object) {
    for (const auto& [document, tracked] : object.at("repositories").as_object()) {
      cursor.repositories.emplace(document, read_tracked(tracked.as_object()));
    }
  }));
  return cursor;
}

std::string OciCursor::write() const {
  json::object all;
  for (const auto& [document, tracked] : repositories) {
    json::array pinned;
    for (const Sha256Digest& digest : tracked.pinned) {
      pinned.emplace_back(digest.hex());
    }
    json::object untagged;
    for (const auto& [digest, since] : tracked.untagged) {
      untagged[digest.hex()] = since;
    }
    all[document] = json::object{{"record", tracked.record},
                                 {"pinned", std::move(pinned)},
                                 {"untagged", std::move(untagged)}};
  }
  return json::serialize(json::object{{"format", kFormat}, {"repositories", std::move(all)}});
}

}  // namespace sluice::low
