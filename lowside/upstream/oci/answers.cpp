#include "lowside/upstream/oci/answers.h"

#include <boost/json.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include "common/ecosystem/oci/names.h"
#include "lowside/pipeline/files.h"
#include "lowside/pipeline/next_page.h"

namespace sluice::low {

namespace json = boost::json;

Result<void> read_tags_page(const std::string& thing, std::string_view body,
                            std::vector<std::string>& tags, std::size_t& garbage) {
  boost::system::error_code failure;
  const json::value page = json::parse(body, failure);
  const json::value* list =
      !failure && page.is_object() ? page.get_object().if_contains("tags") : nullptr;
  if (list == nullptr || !(list->is_array() || list->is_null())) {
    return Error{ErrorCode::kInvalid, display_uri(thing), "it is no list of tags",
                 "check that registry is the address of an OCI registry"};
  }
  if (list->is_null()) {
    return {};
  }
  for (const json::value& value : list->get_array()) {
    const json::string* tag = value.if_string();
    if (tag != nullptr && oci::check_tag(*tag)) {
      tags.emplace_back(*tag);
    } else {
      ++garbage;
    }
  }
  return {};
}

Result<std::string> next_oci_page(const std::string& uri, std::string_view link) {
  const std::string next = next_page(link);
  if (next.empty()) {
    return std::string();
  }
  const auto base = boost::urls::parse_uri(uri);
  const auto reference = boost::urls::parse_uri_reference(next);
  boost::urls::url resolved;
  if (!base || !reference || !boost::urls::resolve(*base, *reference, resolved)) {
    return Error{ErrorCode::kInvalid, display_uri(uri),
                 "what it names as its next page is no address", "ask the registry's operator"};
  }
  if (resolved.scheme() != base->scheme() ||
      resolved.encoded_authority() != base->encoded_authority()) {
    return Error{ErrorCode::kRefused, display_uri(uri), "its next page is on another host",
                 "ask the registry's operator"};
  }
  return std::string(resolved.buffer());
}

}  // namespace sluice::low
