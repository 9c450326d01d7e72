#include "lowside/admit/policy.h"

#include <fnmatch.h>

#include "common/base/text.h"
#include "lowside/pipeline/media_type.h"

namespace sluice::low {

Result<void> check_policy(const Policy& policy) {
  for (const std::string& type : policy.allowed_media_types) {
    const std::size_t slash = type.find('/');
    if (slash == 0 || slash == std::string::npos || slash + 1 == type.size()) {
      return Error{ErrorCode::kInvalid, "allowed-media-types", "\"" + type + "\" is no media type",
                   "write it as \"application/gzip\" or \"text/*\""};
    }
  }
  for (const std::string& pattern : policy.denied_names) {
    if (pattern.empty()) {
      return Error{ErrorCode::kInvalid, "denied-names", "an empty pattern matches nothing",
                   "leave it out, or write a pattern such as \"*.exe\""};
    }
  }
  return {};
}

Decision decide(const Policy& policy, const FileFacts& file) {
  if (policy.max_file_size != 0 && file.size > policy.max_file_size) {
    return {false, "max-file-size",
            "is " + human_size(file.size) + ", more than " + human_size(policy.max_file_size)};
  }
  for (const std::string& pattern : policy.denied_names) {
    if (::fnmatch(pattern.c_str(), file.name.c_str(), 0) == 0) {
      return {false, "denied-names:" + pattern, "has a name that matches \"" + pattern + "\""};
    }
  }
  if (!media_type_allowed(file.media_type, policy.allowed_media_types)) {
    return {false, "allowed-media-types", "has content of the type " + file.media_type};
  }
  return {true, "default", "no rule objects"};
}

}  // namespace sluice::low
