#include "common/ecosystem/apt/source_package.h"

#include <charconv>

#include "common/ecosystem/apt/deb822.h"
#include "common/ecosystem/apt/path.h"

namespace sluice::apt {
namespace {

// "<hex> <size> <name>", a line of Checksums-Sha256.
std::optional<SourceFile> read_file_line(std::string_view line, std::string_view directory) {
  const std::vector<std::string> words = value_words(line);
  if (words.size() != 3) {
    return std::nullopt;
  }
  const auto sha256 = Sha256Digest::from_hex(words[0]);
  std::uint64_t size = 0;
  const char* last = words[1].data() + words[1].size();
  const auto [end, error] = std::from_chars(words[1].data(), last, size);
  const std::string path = directory.empty() ? words[2] : std::string(directory) + "/" + words[2];
  if (!sha256 || error != std::errc() || end != last || !is_safe_segment(words[2]) ||
      !is_safe_path(path)) {
    return std::nullopt;
  }
  return SourceFile{path, size, *sha256};
}

Result<SourceStanza> read_stanza(const std::string& thing, const Paragraph& paragraph) {
  SourceStanza stanza;
  stanza.name = paragraph.get("Package");
  const auto invalid = [&](std::string cause) {
    return Error{
        ErrorCode::kInvalid, thing,
        "source package \"" + std::string(stanza.name.substr(0, 100)) + "\": " + std::move(cause),
        ""};
  };
  stanza.version = paragraph.get("Version");
  if (!is_safe_segment(stanza.name) || stanza.version.empty()) {
    return invalid("Package or Version is missing or cannot be");
  }
  std::string_view directory = paragraph.get("Directory");
  if (directory == ".") {
    directory = "";  // of a flat archive
  }
  for (const std::string_view line : value_lines(paragraph.get("Checksums-Sha256"))) {
    auto file = read_file_line(line, directory);
    if (!file) {
      return invalid("Checksums-Sha256 has a line that is no digest, size and file of the archive");
    }
    if (stanza.files.size() == kMaxSourceFiles) {
      return invalid("has more than " + std::to_string(kMaxSourceFiles) + " files");
    }
    stanza.files.push_back(std::move(*file));
  }
  if (stanza.files.empty()) {
    return invalid("Checksums-Sha256 is missing");
  }
  stanza.raw = paragraph.raw();
  return stanza;
}

}  // namespace

Result<void> for_each_source(const std::string& thing, std::string_view text,
                             const std::function<Result<void>(const SourceStanza&)>& each) {
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

}  // namespace sluice::apt
