#include "lowside/upstream/oci/platform_filter.h"

#include <algorithm>
#include <set>

#include "common/base/text.h"
#include "common/ecosystem/oci/names.h"

namespace sluice::low {
namespace {

constexpr std::size_t kMaxPlatformBytes = 64;
constexpr std::string_view kAttestationOf = "vnd.docker.reference.digest";

bool is_wanted(const oci::Platform& platform, const std::vector<std::string>& platforms) {
  return std::ranges::any_of(platforms, [&](const std::string& wanted) {
    return wanted == platform.text() || wanted == platform.os + "/" + platform.architecture;
  });
}

}  // namespace

Result<void> check_platform(std::string_view platform) {
  const auto parts = split(platform, '/');
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  const auto is_part = [&](std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, allowed);
  };
  if (platform.size() > kMaxPlatformBytes || parts.size() < 2 || parts.size() > 3 ||
      !std::ranges::all_of(parts, is_part)) {
    return Error{ErrorCode::kInvalid, "platform \"" + std::string(platform.substr(0, 128)) + "\"",
                 "it is no system and architecture", "write linux/amd64, or linux/arm/v7"};
  }
  return {};
}

std::vector<std::size_t> wanted_children(const oci::Manifest& index,
                                         const std::vector<std::string>& platforms) {
  std::vector<std::size_t> wanted;
  std::set<std::string> digests;
  for (std::size_t i = 0; i < index.children.size(); ++i) {
    const oci::Descriptor& child = index.children[i];
    if (platforms.empty() || !child.platform || is_wanted(*child.platform, platforms)) {
      wanted.push_back(i);
      digests.insert(oci::digest_text(child.digest));
    }
  }
  for (std::size_t i = 0; i < index.children.size() && !platforms.empty(); ++i) {
    const auto of = index.children[i].annotations.find(std::string(kAttestationOf));
    if (of != index.children[i].annotations.end() && digests.contains(of->second) &&
        std::ranges::find(wanted, i) == wanted.end()) {
      wanted.push_back(i);
    }
  }
  return wanted;
}

}  // namespace sluice::low
