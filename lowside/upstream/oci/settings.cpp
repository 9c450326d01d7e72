#include "lowside/upstream/oci/settings.h"

#include <boost/url/parse.hpp>

#include "common/ecosystem/oci/names.h"
#include "lowside/pipeline/files.h"
#include "lowside/upstream/oci/platform_filter.h"
#include "lowside/upstream/oci/want.h"

namespace sluice::low {

std::string oci_registry_name(const std::string& address) {
  const auto parsed = boost::urls::parse_uri(address);
  if (!parsed || (parsed->scheme() != "http" && parsed->scheme() != "https")) {
    return "";
  }
  return std::string(parsed->encoded_host_and_port());
}

namespace {

Result<void> check_address(const std::string& registry) {
  const auto address = boost::urls::parse_uri(registry);
  const bool is_root = address && (address->path().empty() || address->path() == "/") &&
                       !address->has_query() && !address->has_fragment() &&
                       !address->has_userinfo();
  if (!oci_registry_name(registry).empty() && is_root) {
    return {};
  }
  return Error{ErrorCode::kInvalid, "registry " + display_uri(registry),
               "it is no address of a registry: http or https, a host and no path",
               "write for example https://registry.example.org:5000; credentials have a file of "
               "their own, set by credentials"};
}

}  // namespace

Result<void> check_settings(const OciSettings& settings) {
  if (settings.drop_folder.empty()) {
    SLUICE_TRY_VOID(check_address(settings.registry));
  }
  if (auto checked = oci::check_registry(settings.serve_as); !checked) {
    Error error = std::move(checked).error();
    error.cure = "set serve_as to the name under which images are known: docker.io";
    return error;
  }
  for (const std::string& image : settings.images) {
    SLUICE_TRY_VOID(parse_oci_want(settings.serve_as, image));
  }
  for (const std::string& pattern : settings.exclude) {
    SLUICE_TRY_VOID(check_tag_pattern(pattern));
  }
  for (const std::string& platform : settings.platforms) {
    SLUICE_TRY_VOID(check_platform(platform));
  }
  return {};
}

}  // namespace sluice::low
