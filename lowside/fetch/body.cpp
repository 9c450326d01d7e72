#include "lowside/fetch/body.h"

#include <algorithm>
#include <array>

namespace sluice::low {

Error too_large(const std::string& thing, std::uint64_t limit) {
  return {ErrorCode::kRefused, thing,
          "is larger than the limit of " + std::to_string(limit) + " bytes",
          "raise the source's size limit if it is meant to be that large"};
}

std::vector<std::string> DocumentBody::request_headers() const {
  std::vector<std::string> lines;
  if (!request_.if_none_match.empty()) {
    lines.push_back("If-None-Match: " + request_.if_none_match);
  }
  if (!request_.if_modified_since.empty()) {
    lines.push_back("If-Modified-Since: " + request_.if_modified_since);
  }
  return lines;
}

// Some servers call a .gz file's own compression a Content-Encoding (Apache's AddEncoding x-gzip);
// it would be taken off here, and the bytes would no longer be those that an index names.
bool DocumentBody::may_be_encoded() const {
  static constexpr std::array kCompressed{".gz", ".tgz", ".xz", ".bz2", ".zst", ".lzma", ".lz4"};
  const std::string path = request_.uri.substr(0, request_.uri.find_first_of("?#"));
  return std::none_of(kCompressed.begin(), kCompressed.end(),
                      [&](const char* suffix) { return path.ends_with(suffix); });
}

Result<void> DocumentBody::begin(const AnswerHead& head) {
  document_ = {};
  const bool conditional = !request_.if_none_match.empty() || !request_.if_modified_since.empty();
  const bool fits = head.status == 200 || (head.status == 304 && conditional) ||
                    (head.status == 401 && request_.takes_challenge);
  if (!fits) {
    return Error{ErrorCode::kInvalid, thing_,
                 "was answered with status " + std::to_string(head.status) +
                     ", which does not fit the request",
                 "check that the URI leads to the registry"};
  }
  document_.status = head.status;
  document_.etag = head.etag;
  document_.last_modified = head.last_modified;
  document_.content_type = head.content_type;
  document_.link = head.link;
  document_.content_digest = head.content_digest;
  document_.challenge = head.challenge;
  if (head.length && *head.length > request_.size_limit) {
    return too_large(thing_, request_.size_limit);
  }
  return {};
}

Result<void> DocumentBody::write(ByteView bytes) {
  if (bytes.size() > request_.size_limit - document_.body.size()) {
    return too_large(thing_, request_.size_limit);
  }
  document_.body.append(as_text(bytes));
  return {};
}

}  // namespace sluice::low
