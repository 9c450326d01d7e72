// One entry of a want-list: images of a repository.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/digest.h"
#include "common/base/error.h"
#include "lowside/upstream/oci/version_range.h"

namespace sluice::low {

// Exactly one of `tag`, `pattern`, `range` and `digest` is set.
struct OciWant {
  std::string repository;  // without the registry: "library/nginx"
  std::string tag;
  std::string pattern;  // a shell pattern of tags
  std::optional<VersionRange> range;
  std::optional<Sha256Digest> digest;

  bool needs_list() const { return !pattern.empty() || range.has_value(); }
  // Of a pattern or a range: whether it takes this tag (`one`). Legacy tags of signatures and the
  // like are taken by neither: they come along with their images.
  bool takes(const std::string& one) const;
};

// "library/nginx" (its tag "latest"), "library/nginx:1.27", "library/nginx:1.27-*",
// "team/app:>=1.2 <2", "team/app:^1.4", "team/app@sha256:…", each also with the registry's
// namespace before it. Of "docker.io", a name without a slash is of "library/". kInvalid says what
// is wrong.
Result<OciWant> parse_oci_want(std::string_view registry, std::string_view text);

// Characters of tags, '*' and '?'; at most 128, of them 8 stars.
Result<void> check_tag_pattern(std::string_view pattern);
bool matches_tag(const std::string& pattern, const std::string& tag);

}  // namespace sluice::low
