#include "highside/mirror/oci/repository_names.h"

#include <algorithm>

namespace sluice::high {
namespace {

// Docker's hub alone, whatever the site calls the default: only its clients leave it out.
constexpr std::string_view kHub = "docker.io";
constexpr std::string_view kOfficial = "library/";

void add(std::vector<oci::Document>& all, std::string_view registry, std::string_view name) {
  if (!oci::check_registry(registry) || !oci::check_repository(name)) {
    return;
  }
  oci::Document found{std::string(registry), std::string(name)};
  if (registry == kHub && name.find('/') == std::string_view::npos) {
    found.repository.insert(0, kOfficial);
  }
  if (std::ranges::find(all, found) == all.end()) {
    all.push_back(std::move(found));
  }
}

// As Docker's clients tell a registry from the first part of a repository.
bool looks_like_a_registry(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:") != std::string_view::npos;
}

}  // namespace

RepositoryNames::Meant RepositoryNames::meant(std::string_view name, std::string_view ns) const {
  Meant meant;
  if (!ns.empty()) {
    add(meant.all, ns, name);
    return meant;
  }
  const std::size_t slash = name.find('/');
  const std::string_view first = name.substr(0, slash);
  if (slash != std::string_view::npos) {
    add(meant.all, first, name.substr(slash + 1));
  }
  if (!meant.all.empty() && is_of_the_site_ && is_of_the_site_(meant.all.front().name())) {
    return meant;
  }
  const std::size_t whole = meant.all.size();
  add(meant.all, default_namespace_, name);
  if (whole < meant.all.size() && !looks_like_a_registry(first)) {
    meant.likely = whole;
  }
  return meant;
}

}  // namespace sluice::high
