#include "common/ecosystem/files/document_name.h"

#include <string>

#include "common/base/limits.h"
#include "common/base/plain_text.h"
#include "common/base/text.h"

namespace sluice::files {
namespace {

// What most file systems allow for one name.
constexpr std::size_t kMaxSegmentBytes = 255;

// Without bytes that a terminal or a log would act on.
std::string shown(std::string_view name) {
  return is_plain_text(name) ? std::string(name)
                             : "a name of the bytes " + hex_encode(as_bytes(name));
}

Error invalid(std::string_view name, std::string cause) {
  return {ErrorCode::kInvalid, shown(name), std::move(cause), "rename it"};
}

}  // namespace

Result<void> check_segment(std::string_view segment) {
  if (segment.empty() || segment == "." || segment == "..") {
    return invalid(segment, "an empty part, \".\" or \"..\" is no name");
  }
  if (segment.size() > kMaxSegmentBytes) {
    return invalid(segment, "a part of the name is longer than 255 bytes");
  }
  if (!is_plain_text(segment) || segment.find('\\') != std::string_view::npos) {
    return invalid(segment, "a name is UTF-8 without control characters and backslashes");
  }
  return {};
}

Result<void> check_document_name(std::string_view document) {
  if (document.size() > limits::kMaxDocumentNameBytes) {
    return invalid(document, "the name is longer than " +
                                 std::to_string(limits::kMaxDocumentNameBytes) + " bytes");
  }
  const auto segments = split(document, '/');
  if (segments.size() < 2) {
    return invalid(document, "a file's name starts with its collection and a slash");
  }
  for (const std::string_view segment : segments) {
    if (const Result<void> checked = check_segment(segment); !checked) {
      return invalid(document, checked.error().cause);
    }
  }
  return {};
}

}  // namespace sluice::files
