#include "lowside/upstream/pypi/want.h"

#include <algorithm>

#include "common/base/digest.h"
#include "common/base/text.h"
#include "common/ecosystem/pypi/project_name.h"
#include "lowside/upstream/pypi/lock_file.h"
#include "lowside/upstream/pypi/specifier.h"

namespace sluice::low {
namespace {

// 20 000 lines with several hashes each have about 20 MiB.
constexpr std::uint64_t kMaxWantFileBytes = std::uint64_t{64} << 20;

constexpr std::string_view kHash = "--hash=";

Error invalid(std::string_view line, std::string cause, std::string cure) {
  return {ErrorCode::kInvalid, "requirement \"" + std::string(line.substr(0, 120)) + "\"",
          std::move(cause), std::move(cure)};
}

// What stands behind a comment sign at the line's start or after a space is not read.
std::string_view without_comment(std::string_view line) {
  for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
    if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') {
      return line.substr(0, at);
    }
  }
  return line;
}

bool is_extras(std::string_view text) {
  return std::ranges::all_of(split(text, ','), [](std::string_view extra) {
    return pypi::check_project_name(trim(extra)).has_value();
  });
}

// " --hash=sha256:…" at the end of a line, as pip-compile writes them.
Result<std::string> read_hashes(std::string_view line, std::string_view text) {
  std::string hashes;
  for (const std::string_view word : split(text, ' ')) {
    if (trim(word).empty()) {
      continue;
    }
    const std::string_view value = trim(word).substr(std::min(kHash.size(), trim(word).size()));
    const std::size_t colon = value.find(':');
    const auto algorithm = digest_algorithm_from(value.substr(0, colon));
    if (!trim(word).starts_with(kHash) || colon == std::string_view::npos || !algorithm ||
        !Digest::from_hex(*algorithm, value.substr(colon + 1))) {
      return invalid(line, "\"" + std::string(word.substr(0, 80)) + "\" is no hash that is known",
                     "write --hash=sha256:<64 digits>");
    }
    hashes += " " + std::string(trim(word));
  }
  return hashes;
}

}  // namespace

std::string PypiWant::text() const {
  std::string text;
  for (const PypiRequirement& requirement : requirements) {
    text += requirement.line + "\n";
  }
  return text;
}

Result<PypiRequirement> read_requirement(std::string_view line) {
  const std::size_t options = std::min(line.find(" --"), line.size());
  SLUICE_TRY(const std::string hashes, read_hashes(line, line.substr(options)));
  const std::string_view plain = trim(line.substr(0, options));
  const std::string_view marker =
      plain.find(';') == std::string_view::npos ? "" : trim(plain.substr(plain.find(';') + 1));
  std::string_view text = trim(plain.substr(0, plain.find(';')));
  const std::size_t end = text.find_first_of("[(<>=!~ \t@");
  const std::string_view name = text.substr(0, end);
  if (name.starts_with('-')) {
    return invalid(
        line, "it is an option",
        "list requirements alone; what an option would say is set in the source's section");
  }
  if (text.find("://") != std::string_view::npos || text.find('@') != std::string_view::npos ||
      name.find('/') != std::string_view::npos || name.starts_with('.')) {
    return invalid(line, "it does not come from an index",
                   "name a version that the index holds, or carry that package as a file");
  }
  if (auto checked = pypi::check_project_name(name); !checked) {
    return std::move(checked).error();
  }
  text.remove_prefix(std::min(end, text.size()));
  text = trim(text);
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !is_extras(text.substr(1, close - 1))) {
      return invalid(line, "its extras are none", "write name[extra,extra]");
    }
    text = trim(text.substr(close + 1));
  }
  if (text.starts_with('(') && text.ends_with(')')) {
    text = text.substr(1, text.size() - 2);
  }
  const bool has_odd = std::ranges::any_of(
      marker, [](char c) { return c < ' ' || c > '~' || c == '$' || c == '\\' || c == '#'; });
  if (!SpecifierSet::parse(text) || has_odd) {
    return invalid(line, "it is no requirement",
                   "write name>=1.2,<2; a marker comes after a \";\"");
  }
  return PypiRequirement{std::string(plain) + hashes, pypi::normalise(name), std::string(text)};
}

Result<PypiWant> read_requirements(const std::string& name, std::string_view text) {
  PypiWant want{name, {}};
  std::string logical;
  for (std::string_view line : split(text, '\n')) {
    const bool goes_on = trim(line).ends_with('\\');
    line = trim(without_comment(trim(line)));
    if (goes_on && line.ends_with('\\')) {
      line.remove_suffix(1);
    }
    logical += " " + std::string(line);
    if (goes_on) {
      continue;
    }
    if (!trim(logical).empty()) {
      auto requirement = read_requirement(trim(logical));
      if (!requirement) {
        Error error = std::move(requirement).error();
        error.thing = name + ": " + error.thing;
        return error;
      }
      want.requirements.push_back(std::move(*requirement));
    }
    logical.clear();
  }
  return want;
}

Result<PypiWant> read_requirements_file(FileSystem& files, const std::filesystem::path& path) {
  SLUICE_TRY(const Bytes bytes, read_file(files, path, kMaxWantFileBytes));
  return is_lock_file_name(path) ? read_lock_file(path.string(), as_text(bytes))
                                 : read_requirements(path.string(), as_text(bytes));
}

}  // namespace sluice::low
