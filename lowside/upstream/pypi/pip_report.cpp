// What pip says: its report, and its complaints.
#include <algorithm>
#include <boost/json.hpp>
#include <boost/url.hpp>

#include "common/base/text.h"
#include "common/ecosystem/pypi/project_name.h"
#include "lowside/upstream/pypi/resolver.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxWords = 600;  // of pip's, in a message

// The text between two marks of a line; empty where they are not both there.
std::string between(std::string_view text, std::string_view start, std::string_view end) {
  const std::size_t from = text.find(start);
  if (from == std::string_view::npos) {
    return "";
  }
  text.remove_prefix(from + start.size());
  const std::size_t to = text.find(end);
  return to == std::string_view::npos ? "" : std::string(trim(text.substr(0, to)));
}

// Lines joined from the one that holds `start` to the next empty one.
std::string paragraph(std::string_view text, std::string_view start) {
  const std::size_t at = text.find(start);
  std::string joined;
  for (const std::string_view line :
       split(at == std::string_view::npos ? "" : text.substr(at), '\n')) {
    if (trim(line).empty()) {
      break;
    }
    joined += (joined.empty() ? "" : " ") + std::string(trim(line));
  }
  return joined.substr(0, kMaxWords);
}

std::string errors(std::string_view standard_error) {
  std::string joined;
  for (const std::string_view line : split(standard_error, '\n')) {
    if (line.starts_with("ERROR: ")) {
      joined += (joined.empty() ? "" : ". ") + std::string(trim(line.substr(7)));
    }
  }
  if (joined.empty()) {
    joined = trim(
        standard_error.substr(standard_error.size() - std::min(standard_error.size(), kMaxWords)));
  }
  return joined.substr(0, kMaxWords);
}

}  // namespace

Result<std::vector<ResolvedFile>> read_pip_report(std::string_view text) {
  const auto garbage = [](std::string cause) {
    return Error{ErrorCode::kInvalid, "pip's report", std::move(cause),
                 "install a pip between 23.0 and 25: apt-get install python3-pip"};
  };
  try {  // Boost.JSON's own checked access; every way in which a report can be wrong ends here
    json::parse_options options;
    options.max_depth = kMaxDepth;
    const json::value value =
        json::parse(json::string_view(text.data(), text.size()), json::storage_ptr(), options);
    if (value.at("version").as_string() != "1") {
      return garbage("it is of a version that is not known");
    }
    std::vector<ResolvedFile> files;
    for (const json::value& item : value.at("install").as_array()) {
      const std::string name(item.at("metadata").at("name").as_string());
      const auto url = boost::urls::parse_uri(item.at("download_info").at("url").as_string());
      if (!url || url->segments().empty() || item.at("is_direct").as_bool() ||
          !pypi::check_project_name(name)) {
        return garbage("\"" + name.substr(0, 80) + "\" is not from an index");
      }
      files.push_back({pypi::normalise(name), std::string(url->segments().back())});
    }
    return files;
  } catch (const std::exception& failure) {
    return garbage(failure.what());
  }
}

PipFailure read_pip_failure(std::string_view standard_output, std::string_view standard_error) {
  using Kind = PipFailure::Kind;
  constexpr std::string_view kUnsatisfied =
      "Could not find a version that satisfies the requirement ";
  PipFailure failure{Kind::kOther, "", "", errors(standard_error)};
  if (standard_error.find("ResolutionImpossible") != std::string_view::npos) {
    failure.kind = Kind::kConflict;
    const std::string details = paragraph(standard_output, "The conflict is caused by:");
    if (!details.empty()) {
      failure.text = details;
    }
  } else if (standard_error.find("DO NOT MATCH THE HASHES") != std::string_view::npos ||
             standard_error.find("require-hashes mode") != std::string_view::npos) {
    failure.kind = Kind::kHashes;
    const std::string details = paragraph(standard_error, "ERROR: ");
    failure.text =
        details.empty() ? failure.text : details.substr(std::string_view("ERROR: ").size());
  } else if (standard_error.find(kUnsatisfied) != std::string_view::npos) {
    failure.kind = Kind::kNoCandidate;
    std::string asked = between(standard_error, kUnsatisfied, "(from versions:");
    const std::size_t from = asked.find(" (from ");
    if (from != std::string::npos) {
      failure.needed_by = asked.substr(from + 7, asked.rfind(')') - from - 7);
      asked.resize(from);
    }
    failure.requirement = asked;
  }
  return failure;
}

}  // namespace sluice::low
