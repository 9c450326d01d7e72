#include "lowside/upstream/apt/configured_suites.h"

#include <algorithm>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/ecosystem/apt/keyring.h"
#include "common/ecosystem/apt/path.h"
#include "common/process/run.h"

namespace sluice::low {
namespace {

constexpr std::uint64_t kMaxSourcesBytes = std::uint64_t{1} << 20;  // inline keys and all
constexpr const char* kTrusted = "/etc/apt/trusted.gpg.d";

void add_missing(std::vector<std::string>& into, const std::vector<std::string>& more) {
  for (const auto& word : more) {
    if (std::ranges::count(into, word) == 0) {
      into.push_back(word);
    }
  }
}

Result<std::vector<apt::ArchiveSuite>> read_sources(const AptSettings& settings) {
  auto all = settings.suites;
  for (const auto& path : settings.sources) {
    SLUICE_TRY(const Bytes text, read_file(posix_file_system(), path, kMaxSourcesBytes));
    SLUICE_TRY(const auto suites, apt::parse_sources(path, as_text(text)));
    all.insert(all.end(), suites.begin(), suites.end());
  }
  return all;
}

Result<std::vector<std::string>> machine_architecture(const std::stop_token& stop) {
  process::Command command;
  command.arguments = {"dpkg", "--print-architecture"};
  SLUICE_TRY(const auto outcome, process::run(command, stop));
  const std::string name(trim(outcome.standard_output));
  if (outcome.exit_code != 0 || !apt::is_safe_segment(name)) {
    return Error{ErrorCode::kIo, "dpkg --print-architecture", outcome.standard_error,
                 "name `architectures` in the source's settings"};
  }
  return std::vector{name};
}

Result<Bytes> keyring_of(const apt::ArchiveSuite& source) {
  auto files = source.keyrings;
  if (files.empty() && source.inline_key.empty()) {
    std::vector<std::string> names;
    // A machine without the folder trusts nobody, which is told below.
    static_cast<void>(posix_file_system().list_files(kTrusted, [&](const std::string& name) {
      if (name.ends_with(".gpg") || name.ends_with(".asc")) {
        names.push_back(std::string(kTrusted) + "/" + name);
      }
    }));
    std::ranges::sort(names);
    files = std::move(names);
  }
  SLUICE_TRY(Bytes keyring, apt::load_keyring(files, source.inline_key));
  if (keyring.empty()) {
    return Error{ErrorCode::kInvalid, source.uri + " " + source.suite,
                 "no key to check its signature with", "add Signed-By to its sources file"};
  }
  return keyring;
}

}  // namespace

Result<ConfiguredSuites> configured_suites(const AptSettings& settings,
                                           const std::stop_token& stop) {
  SLUICE_TRY(const auto entries, read_sources(settings));
  auto architectures = settings.architectures;
  if (architectures.empty()) {
    SLUICE_TRY(architectures, machine_architecture(stop));
  }
  std::vector<Suite> joined;
  ConfiguredSuites result;
  for (const auto& entry : entries) {
    const std::string document = settings.archive + "/" + entry.suite;
    const auto same = std::ranges::find(joined, document, &Suite::document);
    if (same == joined.end()) {
      joined.push_back({entry, document, {}});
    } else if (same->source.uri == entry.uri) {
      add_missing(same->source.components, entry.components);
      add_missing(same->source.architectures, entry.architectures);
    } else {
      result.problems.push_back(
          {ErrorCode::kInvalid, entry.uri + " " + entry.suite,
           "suite " + entry.suite + " of " + same->source.uri + " has the same name",
           "put it into a source of its own, with an archive folder of its own"});
    }
  }
  for (auto& suite : joined) {
    if (!settings.architectures.empty() || suite.source.architectures.empty()) {
      suite.source.architectures = architectures;
    }
    auto keyring = keyring_of(suite.source);
    if (keyring) {
      suite.keyring = std::move(*keyring);
      result.suites.push_back(std::move(suite));
    } else {
      result.problems.push_back(std::move(keyring).error());
      result.left_out.push_back(suite.document);
    }
  }
  if (result.suites.empty()) {
    return result.problems.empty()
               ? Error{ErrorCode::kInvalid, "apt source " + settings.name,
                       "its sources name no suite of type deb", "see sources.list(5)"}
               : result.problems.front();
  }
  return result;
}

}  // namespace sluice::low
