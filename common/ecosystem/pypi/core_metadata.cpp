#include "common/ecosystem/pypi/core_metadata.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/ecosystem/pypi/project_name.h"

namespace sluice::pypi {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

void take_field(const std::string& field, std::string_view value, CoreMetadata& into) {
  if (field == "name") {
    into.name = value;
  } else if (field == "version") {
    into.version = value;
  } else if (field == "metadata-version") {
    into.metadata_version = value;
  } else if (field == "requires-python") {
    into.requires_python = value;
  } else if (field == "requires-dist") {
    into.requires_dist.emplace_back(value);
  } else if (field == "provides-extra") {
    into.provides_extra.emplace_back(value);
  } else if (field == "dynamic") {
    into.dynamic.push_back(lower(value));
  }
}

}  // namespace

Result<CoreMetadata> read_core_metadata(const std::string& thing, std::string_view project,
                                        const Version& version, std::string_view text) {
  CoreMetadata metadata;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (trim(line).empty()) {
      break;  // the description follows
    }
    const std::size_t colon = line.find(':');
    if (line.front() == ' ' || line.front() == '\t' || colon == std::string_view::npos) {
      continue;  // goes on with the field before: none of ours spans lines
    }
    take_field(lower(line.substr(0, colon)), trim(line.substr(colon + 1)), metadata);
  }
  const auto written = Version::parse(metadata.version);
  if (normalise(metadata.name) != project || !written || *written != version) {
    return Error{ErrorCode::kInvalid, thing,
                 "its metadata is of \"" + metadata.name.substr(0, 80) + "\" " +
                     metadata.version.substr(0, 80) + ", not of " + std::string(project) + " " +
                     version.text(),
                 "report it to the project's owner"};
  }
  return metadata;
}

}  // namespace sluice::pypi
