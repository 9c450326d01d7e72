#include "common/ecosystem/apt/package.h"

#include <charconv>
#include <optional>

#include "common/base/text.h"
#include "common/ecosystem/apt/deb822.h"
#include "common/ecosystem/apt/path.h"

namespace sluice::apt {
namespace {

std::string_view first_word(std::string_view text) {
  return text.substr(0, text.find_first_of(" \t"));
}

std::optional<std::string_view> version_in_brackets(std::string_view source) {
  const std::size_t open = source.find('(');
  const std::size_t close = source.find(')', open);
  if (open == std::string_view::npos || close == std::string_view::npos) {
    return std::nullopt;
  }
  return trim(source.substr(open + 1, close - open - 1));
}

Result<PackageStanza> read_stanza(const std::string& thing, const Paragraph& paragraph) {
  PackageStanza stanza;
  stanza.name = paragraph.get("Package");
  const auto invalid = [&](std::string cause) {
    return Error{ErrorCode::kInvalid, thing,
                 "package \"" + std::string(stanza.name.substr(0, 100)) + "\": " + std::move(cause),
                 ""};
  };
  stanza.version = paragraph.get("Version");
  stanza.architecture = paragraph.get("Architecture");
  if (!is_safe_segment(stanza.name) || !is_safe_segment(stanza.architecture) ||
      stanza.version.empty()) {
    return invalid("Package, Version or Architecture is missing or cannot be");
  }
  stanza.filename = paragraph.get("Filename");
  if (stanza.filename.starts_with("./")) {
    stanza.filename.remove_prefix(2);  // some archives' tools write it so, and apt asks without it
  }
  if (!is_safe_path(stanza.filename)) {
    return invalid("Filename is missing or leads out of the archive");
  }
  const std::string_view size = paragraph.get("Size");
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), stanza.size);
  if (error != std::errc() || end != size.data() + size.size()) {
    return invalid("Size is missing or no number");
  }
  const auto sha256 = Sha256Digest::from_hex(paragraph.get("SHA256"));
  if (!sha256) {
    return invalid("SHA256 is missing or no digest");
  }
  stanza.sha256 = *sha256;
  const std::string_view source = paragraph.get("Source");
  stanza.source = source.empty() ? stanza.name : first_word(source);
  stanza.source_version = version_in_brackets(source).value_or(stanza.version);
  stanza.provides = paragraph.get("Provides");
  stanza.raw = paragraph.raw();
  return stanza;
}

}  // namespace

Result<void> for_each_package(const std::string& thing, std::string_view text,
                              const std::function<Result<void>(const PackageStanza&)>& each) {
  ParagraphReader reader(thing, text);
  while (true) {
    SLUICE_TRY(const auto paragraph, reader.next());
    if (!paragraph) {
      return {};
    }
    SLUICE_TRY(const auto stanza, read_stanza(thing, *paragraph));
    SLUICE_TRY_VOID(each(stanza));
  }
}

std::vector<std::string_view> provided_names(std::string_view provides) {
  std::vector<std::string_view> names;
  if (provides.empty()) {
    return names;
  }
  for (const std::string_view part : split(provides, ',')) {
    const std::string_view name = trim(part);
    names.push_back(name.substr(0, name.find_first_of(" (:")));
  }
  return names;
}

}  // namespace sluice::apt
