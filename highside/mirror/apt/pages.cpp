#include "highside/mirror/apt/pages.h"

#include <algorithm>

#include "common/ecosystem/apt/release.h"
#include "common/http/target.h"

namespace sluice::high {
namespace {

std::string usual_key(const std::string& archive) {
  return "/etc/apt/keyrings/" + archive + ".asc";
}

std::string words(const std::set<std::string>& all) {
  std::string text;
  for (const auto& word : all) {
    text += " " + word;
  }
  return text;
}

}  // namespace

std::string list_suites(const ArchiveSuites& suites) {
  std::string text;
  for (const auto& suite : suites) {
    text += suite->name() + "/  of " + apt::format_release_date(suite->date()) + ", " +
            std::to_string(suite->packages()) + " packages, components" +
            words(suite->components()) + ", architectures" + words(suite->architectures()) + "\n";
  }
  return text.empty() ? "Nothing has arrived yet.\n" : text;
}

std::string client_sources(const std::string& url, const std::string& key,
                           const ArchiveSuites& suites) {
  std::string text;
  for (const auto& suite : suites) {
    auto architectures = suite->architectures();
    architectures.erase("all");
    text += std::string(text.empty() ? "" : "\n") + "Types: deb" +
            (suite->has_sources() ? " deb-src" : "") + "\nURIs: " + url +
            "\nSuites: " + suite->name() + "\nComponents:" + words(suite->components()) +
            "\nArchitectures:" + words(architectures) + "\nSigned-By: " + key + "\n";
  }
  return text;
}

std::string describe_archive(const std::string& archive, const std::string& url,
                             const ArchiveSuites& suites) {
  const std::string key = usual_key(archive);
  std::string text = url + "/\n\n" + list_suites(suites);
  if (!suites.empty()) {
    text += "\nOn a client, as root:\n  curl -fsS " + url + "/" + archive + ".asc -o " + key +
            "\n  curl -fsS " + url + "/" + archive + ".sources -o /etc/apt/sources.list.d/" +
            archive + ".sources\n  apt-get update\nThe second file reads:\n\n" +
            client_sources(url, key, suites);
  }
  return text + "\n";
}

Result<std::string> signed_by(std::string_view query, const std::string& archive) {
  constexpr std::string_view kName = "signed-by=";
  if (!query.starts_with(kName)) {
    return usual_key(archive);
  }
  const auto target = http::parse_target(query.substr(kName.size()));
  const auto printable = [](char c) { return c > ' ' && c < 0x7f; };
  if (!target || !target->query.empty() || !std::ranges::all_of(target->path, printable)) {
    return Error{ErrorCode::kInvalid, "signed-by", "is no absolute path without spaces",
                 "use ?signed-by=/etc/apt/keyrings/" + archive + ".asc"};
  }
  return target->path;
}

}  // namespace sluice::high
