#include "lowside/fetch/uri.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "lowside/pipeline/files.h"

namespace sluice::low {
namespace {

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part(const Handle& handle, CURLUPart which, unsigned flags = 0) {
  char* value = nullptr;
  if (curl_url_get(handle.get(), which, &value, flags) != CURLUE_OK) {
    return {};
  }
  std::string text = value;
  curl_free(value);
  return text;
}

}  // namespace

Result<Uri> parse_uri(std::string_view text) {
  const Handle handle(curl_url(), &curl_url_cleanup);
  SLUICE_ASSERT(handle != nullptr);
  const std::string copy(text);
  const CURLUcode status =
      curl_url_set(handle.get(), CURLUPART_URL, copy.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (status != CURLUE_OK || copy.find('\0') != std::string::npos) {
    return Error{ErrorCode::kInvalid, display_uri(text),
                 "is not a URI: " + std::string(curl_url_strerror(status)),
                 "give it as https://host/path"};
  }
  Uri uri;
  uri.scheme = part(handle, CURLUPART_SCHEME);
  if (uri.scheme != "http" && uri.scheme != "https") {
    return Error{ErrorCode::kRefused, display_uri(text),
                 "has the scheme " + uri.scheme + ", which is not fetched",
                 "use http or https; local files go through a drop folder"};
  }
  uri.user = part(handle, CURLUPART_USER, CURLU_URLDECODE);
  uri.password = part(handle, CURLUPART_PASSWORD, CURLU_URLDECODE);
  uri.host = part(handle, CURLUPART_HOST);
  std::transform(uri.host.begin(), uri.host.end(), uri.host.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  uri.origin =
      uri.scheme + "://" + uri.host + ":" + part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  for (const CURLUPart removed : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT}) {
    curl_url_set(handle.get(), removed, nullptr, 0);
  }
  uri.text = part(handle, CURLUPART_URL);
  return uri;
}

}  // namespace sluice::low
