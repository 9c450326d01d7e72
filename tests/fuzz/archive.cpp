// What an apt archive says: Release and Packages, and what is read besides them: sources files,
// keyrings, versions, compressed indices.
#include "common/ecosystem/apt/compression.h"
#include "common/ecosystem/apt/deb822.h"
#include "common/ecosystem/apt/keyring.h"
#include "common/ecosystem/apt/package.h"
#include "common/ecosystem/apt/path.h"
#include "common/ecosystem/apt/release.h"
#include "common/ecosystem/apt/source_package.h"
#include "common/ecosystem/apt/sources.h"
#include "common/ecosystem/apt/version.h"
#include "sluice/apt.pb.h"
#include "tests/fuzz/input.h"

namespace sluice::fuzz {
namespace {

// It can stand in a record and be read there.
void check_path(std::string_view path) {
  SLUICE_ASSERT(apt::is_safe_path(path) && !path.starts_with('/') && !path.ends_with('/'));
  proto::AptFile file;
  file.set_path(std::string(path));
  proto::AptFile again;
  SLUICE_ASSERT(again.ParseFromString(file.SerializeAsString()) && again.path() == path);
}

void read_release(std::string_view text) {
  const auto release = apt::parse_release("Release", text);
  if (!release) {
    return;
  }
  SLUICE_ASSERT(!release->files.empty() && release->files.size() <= apt::kMaxReleaseEntries);
  const std::string* last = nullptr;
  for (const apt::IndexFile& file : release->files) {
    check_path(file.path);
    SLUICE_ASSERT(last == nullptr || *last < file.path);
    SLUICE_ASSERT(release->find(file.path) == &file);
    SLUICE_ASSERT(std::ranges::count(file.digests, Digest(file.sha256)) > 0);
    last = &file.path;
  }
  const std::string date = apt::format_release_date(release->date);
  SLUICE_ASSERT(apt::parse_release_date(date) == release->date);
}

void read_packages(const std::string& text) {
  const char* end = text.data();
  apt::for_each_package("Packages", text, [&](const apt::PackageStanza& package) -> Result<void> {
    check_path(package.filename);
    // Stanzas lie behind one another, each whole: they can be copied into another index.
    SLUICE_ASSERT(package.raw.data() >= end &&
                  package.raw.data() + package.raw.size() <= text.data() + text.size());
    SLUICE_ASSERT(package.raw.ends_with('\n') ||
                  package.raw.data() + package.raw.size() == text.data() + text.size());
    end = package.raw.data() + package.raw.size();
    std::size_t copies = 0;
    const auto copied = apt::for_each_package(
        "copy", package.raw, [&](const apt::PackageStanza& copy) -> Result<void> {
          SLUICE_ASSERT(copy.name == package.name && copy.version == package.version &&
                        copy.architecture == package.architecture &&
                        copy.filename == package.filename && copy.size == package.size &&
                        copy.sha256 == package.sha256);
          ++copies;
          return {};
        });
    SLUICE_ASSERT(copied && copies == 1);
    apt::provided_names(package.provides);
    return {};
  });
}

void read_sources(std::string_view text) {
  const auto read =
      apt::for_each_source("Sources", text, [&](const apt::SourceStanza& source) -> Result<void> {
        SLUICE_ASSERT(!source.files.empty() && source.files.size() <= apt::kMaxSourceFiles);
        for (const auto& file : source.files) {
          check_path(file.path);
        }
        std::size_t copies = 0;
        const auto copied = apt::for_each_source(
            "copy", source.raw, [&](const apt::SourceStanza& copy) -> Result<void> {
              SLUICE_ASSERT(copy.name == source.name && copy.version == source.version &&
                            copy.files.size() == source.files.size());
              ++copies;
              return {};
            });
        SLUICE_ASSERT(copied && copies == 1);
        return {};
      });
  static_cast<void>(read);
}

void read_sources(const char* name, std::string_view text) {
  const auto suites = apt::parse_sources(name, text);
  if (!suites) {
    return;
  }
  for (const apt::ArchiveSuite& suite : *suites) {
    SLUICE_ASSERT(apt::is_safe_path(suite.suite) && !suite.components.empty());
    SLUICE_ASSERT(std::ranges::all_of(suite.components, apt::is_safe_path));
    SLUICE_ASSERT(std::ranges::all_of(suite.keyrings,
                                      [](const auto& path) { return path.starts_with('/'); }));
  }
}

// A strict order, or sorting by it would run off the ends.
void compare(std::string_view a, std::string_view b, std::string_view c) {
  SLUICE_ASSERT(apt::compare_versions(a, a) == 0);
  SLUICE_ASSERT((apt::compare_versions(a, b) < 0) == (apt::compare_versions(b, a) > 0));
  SLUICE_ASSERT(!(apt::compare_versions(a, b) < 0 && apt::compare_versions(b, c) < 0) ||
                apt::compare_versions(a, c) < 0);
}

void inflate(std::string_view bytes) {
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 20;
  const auto text = apt::inflate("index", bytes, kLimit);
  SLUICE_ASSERT(!text || text->size() <= kLimit);
}

void read_keyring(std::string_view text) {
  const auto keys = apt::dearmor("keyring", text);
  if (!keys) {
    return;
  }
  // A binary keyring is one as it is; what was armored reads as what it held.
  const auto again = apt::dearmor("again", apt::armor(*keys));
  SLUICE_ASSERT(again && *again == *keys);
}

}  // namespace
}  // namespace sluice::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  switch (input.choice(8)) {
    case 0:
      fuzz::read_release(input.rest_text());
      break;
    case 1:
      fuzz::read_packages(std::string(input.rest_text()));
      fuzz::read_sources(input.rest_text());
      break;
    case 2:
      fuzz::read_sources("archive.sources", input.rest_text());
      break;
    case 3:
      fuzz::read_sources("sources.list", input.rest_text());
      break;
    case 4: {
      const std::string a = input.text();
      const std::string b = input.text();
      fuzz::compare(a, b, input.rest_text());
      break;
    }
    case 5:
      fuzz::inflate(input.rest_text());
      break;
    case 6:
      fuzz::read_keyring(input.rest_text());
      break;
    default:
      if (const auto date = apt::parse_release_date(input.rest_text())) {
        SLUICE_ASSERT(apt::parse_release_date(apt::format_release_date(*date)) == *date);
      }
      break;
  }
  return 0;
}
