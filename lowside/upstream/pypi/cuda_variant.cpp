#include "lowside/upstream/pypi/cuda_variant.h"

#include <algorithm>
#include <set>

#include "common/base/text.h"
#include "common/ecosystem/pypi/file_name.h"

namespace sluice::low {
namespace {

constexpr std::string_view kMark = "cu";
constexpr std::size_t kMajorDigits = 2;  // CUDA 11, 12, 13
constexpr std::size_t kMaxDigits = 4;    // "cu1210"

bool is_variant(std::string_view text) {
  if (!text.starts_with(kMark)) {
    return false;
  }
  text.remove_prefix(kMark.size());
  return text.size() >= kMajorDigits && text.size() <= kMaxDigits &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<std::string> cuda_variant(const std::string& project, const std::string& filename) {
  const auto name = pypi::read_file_name(project, filename);
  if (!name) {
    return std::nullopt;
  }
  const std::string version = name->version.text();
  if (const std::size_t plus = version.find('+'); plus != std::string::npos) {
    for (const std::string_view part : split(std::string_view(version).substr(plus + 1), '.')) {
      if (is_variant(part)) {
        return std::string(part);
      }
    }
  }
  const std::string_view last = split(project, '-').back();
  return is_variant(last) && last.size() < project.size() ? std::optional(std::string(last))
                                                          : std::nullopt;
}

bool are_mixed(const std::map<std::string, std::string>& variants) {
  std::set<std::string> majors;
  std::set<std::string> whole;
  for (const auto& [variant, file] : variants) {
    const std::size_t major = kMark.size() + kMajorDigits;
    majors.insert(variant.substr(0, major));
    if (variant.size() > major) {
      whole.insert(variant);
    }
  }
  return majors.size() > 1 || whole.size() > 1;
}

}  // namespace sluice::low
