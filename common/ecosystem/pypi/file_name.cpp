#include "common/ecosystem/pypi/file_name.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/ecosystem/pypi/project_name.h"

namespace sluice::pypi {
namespace {

// What file systems allow.
constexpr std::size_t kMaxFileNameBytes = 255;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-' || c == '+' || c == '!';
}

std::vector<std::string> tags(std::string_view compressed) {
  std::vector<std::string> result;
  for (const std::string_view tag : split(compressed, '.')) {
    result.emplace_back(tag);
  }
  return result;
}

bool all_there(const std::vector<std::string>& words) {
  return std::ranges::none_of(words, &std::string::empty);
}

}  // namespace

Result<FileName> read_file_name(std::string_view project, std::string_view file) {
  const auto invalid = [&](std::string cause) {
    return Error{ErrorCode::kInvalid, "file name \"" + std::string(file.substr(0, 120)) + "\"",
                 std::move(cause), "report it to the index's owner"};
  };
  if (file.size() > kMaxFileNameBytes || file.starts_with('.') ||
      !std::ranges::all_of(file, is_plain)) {
    return invalid(
        "it has more than 255 characters, starts with a dot, or has a character that "
        "names of wheels and source archives do not have");
  }
  FileName result;
  if (file.ends_with(".whl")) {
    const std::string_view stem = file.substr(0, file.size() - std::string_view(".whl").size());
    const auto parts = split(stem, '-');
    if (parts.size() != 5 && parts.size() != 6) {
      return invalid("a wheel's name has five or six parts");
    }
    const auto version = Version::parse(parts[1]);
    const bool has_build = parts.size() == 6;
    if (!version || (has_build && (parts[2].empty() || parts[2][0] < '0' || parts[2][0] > '9'))) {
      return invalid("its version or its build number is none");
    }
    if (normalise(parts[0]) != project) {
      return invalid("it belongs to another project than " + std::string(project));
    }
    const std::size_t first = has_build ? 3 : 2;
    result = {FileKind::kWheel,
              *version,
              std::string(parts[0]) + "-" + std::string(parts[1]),
              tags(parts[first]),
              tags(parts[first + 1]),
              tags(parts[first + 2])};
    if (!all_there(result.pythons) || !all_there(result.abis) || !all_there(result.platforms)) {
      return invalid("one of its tags is empty");
    }
    return result;
  }
  for (const std::string_view ending : {".tar.gz", ".zip"}) {
    if (!file.ends_with(ending)) {
      continue;
    }
    const std::string_view stem = file.substr(0, file.size() - ending.size());
    for (std::size_t at = stem.find('-'); at != std::string_view::npos;
         at = stem.find('-', at + 1)) {
      const auto version = Version::parse(stem.substr(at + 1));
      if (version && normalise(stem.substr(0, at)) == project) {
        return FileName{FileKind::kSourceArchive, *version, std::string(stem), {}, {}, {}};
      }
    }
    return invalid("it is not <" + std::string(project) + ">-<version>" + std::string(ending));
  }
  return invalid("it is neither a wheel (.whl) nor a source archive (.tar.gz, .zip)");
}

}  // namespace sluice::pypi
