#include "common/ecosystem/apt/sources.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/ecosystem/apt/deb822.h"
#include "common/ecosystem/apt/path.h"

namespace sluice::apt {
namespace {

struct Entry {
  std::vector<std::string> types;
  std::vector<std::string> uris;
  std::vector<std::string> suites;
  ArchiveSuite common;
};

Error invalid(const std::string& where, std::string cause, std::string cure) {
  return {ErrorCode::kInvalid, where, std::move(cause), std::move(cure)};
}

// A keyring's path, several of them, or a key in the field itself, whose empty lines are dots.
Result<void> read_signed_by(const std::string& where, std::string_view value, ArchiveSuite& suite) {
  if (value.find("-----BEGIN PGP PUBLIC KEY BLOCK-----") != std::string_view::npos) {
    for (const std::string_view line : value_lines(value)) {
      suite.inline_key += line == "." ? "" : line;
      suite.inline_key += '\n';
    }
    return {};
  }
  std::string words(value);
  std::ranges::replace(words, ',', ' ');
  for (auto& word : value_words(words)) {
    if (!word.starts_with('/')) {
      return invalid(where, "Signed-By names \"" + word + "\", which is no absolute path",
                     "name the keyring's file, or put the armored key itself there");
    }
    suite.keyrings.push_back(std::move(word));
  }
  return {};
}

Result<void> expand(const std::string& where, const Entry& entry, std::vector<ArchiveSuite>& out) {
  if (std::ranges::count(entry.types, "deb") == 0) {
    return {};
  }
  if (entry.uris.empty() || entry.suites.empty()) {
    return invalid(where, "names no URI or no suite", "see sources.list(5)");
  }
  for (const auto& uri : entry.uris) {
    for (const auto& suite : entry.suites) {
      if (suite.ends_with('/')) {
        return invalid(where, "\"" + suite + "\" is a flat archive, without dists/ and components",
                       "only archives with suites and components can be mirrored");
      }
      if (!is_safe_path(suite) || entry.common.components.empty() ||
          !std::ranges::all_of(entry.common.components, is_safe_path)) {
        return invalid(where, "the suite or its components are missing or cannot be",
                       "name them as Suites: bookworm and Components: main");
      }
      ArchiveSuite one = entry.common;
      one.uri = uri.substr(0, uri.find_last_not_of('/') + 1);
      one.suite = suite;
      out.push_back(std::move(one));
    }
  }
  return {};
}

Result<std::vector<ArchiveSuite>> parse_deb822(const std::string& name, std::string_view text) {
  std::vector<ArchiveSuite> suites;
  ParagraphReader reader(name, text);
  for (int number = 1;; ++number) {
    SLUICE_TRY(const auto paragraph, reader.next());
    if (!paragraph) {
      return suites;
    }
    const std::string where = name + ", paragraph " + std::to_string(number);
    const std::string_view enabled = paragraph->get("Enabled");
    if (enabled == "no" || enabled == "false") {
      continue;
    }
    Entry entry{value_words(paragraph->get("Types")),
                value_words(paragraph->get("URIs")),
                value_words(paragraph->get("Suites")),
                {}};
    entry.common.components = value_words(paragraph->get("Components"));
    entry.common.architectures = value_words(paragraph->get("Architectures"));
    SLUICE_TRY_VOID(read_signed_by(where, paragraph->get("Signed-By"), entry.common));
    SLUICE_TRY_VOID(expand(where, entry, suites));
  }
}

Result<void> read_option(const std::string& where, std::string_view option, ArchiveSuite& suite) {
  const std::size_t equals = option.find('=');
  const std::string_view key = option.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? "" : option.substr(equals + 1);
  if (key == "signed-by") {
    return read_signed_by(where, value, suite);
  }
  if (key == "arch") {
    for (const std::string_view part : split(value, ',')) {
      suite.architectures.emplace_back(part);
    }
  }
  return {};
}

// "deb [arch=amd64 signed-by=/path] https://… bookworm main contrib"
Result<void> parse_line(const std::string& where, std::string_view line,
                        std::vector<ArchiveSuite>& out) {
  Entry entry;
  const std::size_t type_end = line.find_first_of(" \t");
  entry.types.emplace_back(line.substr(0, type_end));
  line = type_end == std::string_view::npos ? "" : trim(line.substr(type_end));
  if (line.starts_with('[')) {
    const std::size_t close = line.find(']');
    if (close == std::string_view::npos) {
      return invalid(where, "its options have no closing bracket", "see sources.list(5)");
    }
    for (const auto& option : value_words(line.substr(1, close - 1))) {
      SLUICE_TRY_VOID(read_option(where, option, entry.common));
    }
    line = trim(line.substr(close + 1));
  }
  auto words = value_words(line);
  if (words.size() < 2) {
    return invalid(where, "is not \"deb [options] URI suite component…\"", "see sources.list(5)");
  }
  entry.uris = {words[0]};
  entry.suites = {words[1]};
  entry.common.components.assign(words.begin() + 2, words.end());
  return expand(where, entry, out);
}

Result<std::vector<ArchiveSuite>> parse_one_line(const std::string& name, std::string_view text) {
  std::vector<ArchiveSuite> suites;
  int number = 0;
  for (const std::string_view whole : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(whole.substr(0, whole.find('#')));
    if (!line.empty()) {
      SLUICE_TRY_VOID(parse_line(name + ", line " + std::to_string(number), line, suites));
    }
  }
  return suites;
}

}  // namespace

Result<std::vector<ArchiveSuite>> parse_sources(const std::string& name, std::string_view text) {
  return name.ends_with(".list") ? parse_one_line(name, text) : parse_deb822(name, text);
}

}  // namespace sluice::apt
