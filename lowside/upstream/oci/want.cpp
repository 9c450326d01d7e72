#include "lowside/upstream/oci/want.h"

#include <fnmatch.h>

#include <algorithm>

#include "common/ecosystem/oci/names.h"

namespace sluice::low {
namespace {

constexpr std::size_t kMaxPatternBytes = 128;  // of a tag
constexpr std::ptrdiff_t kMaxStars = 8;        // fnmatch takes long for many
constexpr std::string_view kHub = "docker.io";

bool is_range(std::string_view text) {
  return text.find_first_of("<>=^~") != std::string_view::npos;
}

Result<void> read_tags(std::string_view tags, OciWant& want) {
  if (is_range(tags)) {
    SLUICE_TRY(want.range, VersionRange::parse(tags));
    return {};
  }
  if (tags.find_first_of("*?") != std::string_view::npos) {
    want.pattern = tags;
    return check_tag_pattern(tags);
  }
  want.tag = tags;
  if (oci::subject_of_legacy_tag(tags)) {
    return Error{ErrorCode::kInvalid, "tag \"" + want.tag + "\"",
                 "it holds what belongs to an image, and comes along with that",
                 "name the image, and set referrers = true"};
  }
  return oci::check_tag(tags);
}

}  // namespace

Result<OciWant> parse_oci_want(std::string_view registry, std::string_view text) {
  const std::string_view whole = text;
  if (text.starts_with(registry) && text.substr(registry.size()).starts_with('/')) {
    text.remove_prefix(registry.size() + 1);
  }
  const std::size_t end = text.find_first_of(":@");
  OciWant want;
  want.repository = text.substr(0, end);
  if (registry == kHub && want.repository.find('/') == std::string::npos) {
    want.repository.insert(0, "library/");
  }
  SLUICE_TRY_VOID(oci::check_repository(want.repository));
  if (end == std::string_view::npos) {
    want.tag = "latest";
    return want;
  }
  std::string_view rest = text.substr(end);
  // "name:tag@digest", as clients write it: the digest decides.
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    if (at > 0) {
      SLUICE_TRY_VOID(oci::check_tag(rest.substr(1, at - 1)));
    }
    want.digest = oci::parse_digest(rest.substr(at + 1));
    if (!want.digest) {
      return Error{ErrorCode::kInvalid, "image \"" + std::string(whole.substr(0, 512)) + "\"",
                   "what follows the '@' is no digest: sha256: and 64 hexadecimal digits",
                   "write it as the registry shows it"};
    }
    return want;
  }
  SLUICE_TRY_VOID(read_tags(rest.substr(1), want));
  return want;
}

bool OciWant::takes(const std::string& one) const {
  if (oci::subject_of_legacy_tag(one)) {
    return false;
  }
  return range ? range->takes(one) : matches_tag(pattern, one);
}

Result<void> check_tag_pattern(std::string_view pattern) {
  std::string plain(pattern);
  std::ranges::replace(plain, '*', 'a');
  std::ranges::replace(plain, '?', 'a');
  if (pattern.size() > kMaxPatternBytes || std::ranges::count(pattern, '*') > kMaxStars ||
      !oci::check_tag(plain)) {
    return Error{ErrorCode::kInvalid, "tag pattern \"" + std::string(pattern.substr(0, 256)) + "\"",
                 "a pattern has the characters of a tag, '?' and at most 8 '*'",
                 "write for example 1.27-*, or a range of versions: >=1.2 <2"};
  }
  return {};
}

bool matches_tag(const std::string& pattern, const std::string& tag) {
  return ::fnmatch(pattern.c_str(), tag.c_str(), 0) == 0;
}

}  // namespace sluice::low
