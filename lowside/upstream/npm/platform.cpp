#include "lowside/upstream/npm/platform.h"

#include <algorithm>
#include <boost/json.hpp>

namespace sluice::low {
namespace {

// A list of names and of "!names". One that forbids wins; a list that only forbids allows the rest.
bool list_allows(const boost::json::value* list, std::string_view name) {
  if (list == nullptr) {
    return true;
  }
  const auto* array = list->if_array();
  const boost::json::array single{*list};
  bool allowed = false;
  bool only_forbids = true;
  for (const auto& item : array != nullptr ? *array : single) {
    const auto* text = item.if_string();
    if (text == nullptr) {
      continue;
    }
    const std::string_view word(*text);
    if (word.starts_with('!')) {
      if (word.substr(1) == name) {
        return false;
      }
    } else {
      only_forbids = false;
      allowed = allowed || word == name || word == "any";
    }
  }
  return allowed || only_forbids;
}

}  // namespace

bool suits_platform(const boost::json::object& manifest, const NpmTarget& target) {
  const auto* libc = manifest.if_contains("libc");
  return list_allows(manifest.if_contains("os"), target.os) &&
         list_allows(manifest.if_contains("cpu"), target.cpu) &&
         (libc == nullptr || (target.os == "linux" && list_allows(libc, target.libc)));
}

bool suits_any(const boost::json::object& manifest, const std::vector<NpmTarget>& targets) {
  return targets.empty() ||
         std::any_of(targets.begin(), targets.end(),
                     [&](const NpmTarget& target) { return suits_platform(manifest, target); });
}

}  // namespace sluice::low
