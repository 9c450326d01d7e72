#include "lowside/upstream/npm/origin.h"

#include <algorithm>

#include "common/base/text.h"

namespace sluice::low {
namespace {

bool is_tarball(std::string_view path) {
  return path.ends_with(".tgz") || path.ends_with(".tar.gz");
}

}  // namespace

bool is_outside_registry(std::string_view range) {
  if (range.starts_with("npm:")) {
    return false;
  }
  return range.find(':') != std::string_view::npos || range.find('/') != std::string_view::npos ||
         range.starts_with('.') || range.ends_with(".tgz");
}

bool is_own_folder(std::string_view path) {
  if (path.empty() || path.starts_with('/') || path.starts_with('~') || is_tarball(path) ||
      path.find_first_of(":\\") != std::string_view::npos) {
    return false;
  }
  return std::ranges::none_of(split(path, '/'), [](std::string_view part) { return part == ".."; });
}

Error foreign_package(const std::string& want, std::string_view package, std::string_view origin) {
  return {ErrorCode::kInvalid, want,
          std::string(package) + " comes from " + std::string(origin) + ", not from a registry",
          "depend on a version that the registry holds, or carry that dependency as a file"};
}

}  // namespace sluice::low
