#include "highside/daemon/wanted_text.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>

namespace sluice::high {
namespace {

namespace json = boost::json;

// How the want-lists of a type join a name with a version.
const std::map<std::string_view, std::string_view> kJoints{
    {"npm", "@"}, {"pypi", "=="},   {"huggingface", "@"}, {"conda", " "},
    {"deb", "="}, {"generic", "@"}, {"oci", ":"}};

std::string_view text(const json::object& package, std::string_view member) {
  return package.at(member).as_string();
}

// Names came from clients, and may hold what a terminal obeys or what ends a line.
bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c != '\x7f'; });
}

std::string clients(const json::object& package) {
  std::string all;
  for (const json::value& client : package.at("clients").as_array()) {
    all += (all.empty() ? "" : ", ") + std::string(client.as_string());
  }
  return all;
}

// What a want-list of apt names stands below its archive: "debian/jq" is jq.
std::string_view own_name(std::string_view type, std::string_view name) {
  return type == "deb" ? name.substr(name.find('/') + 1) : name;
}

template <typename Print>
Result<std::string> each(std::string_view text, const Print& print) {
  try {
    std::string out;
    const json::value all = json::parse(text);
    for (const json::value& package : all.as_array()) {
      out += print(package.as_object());
    }
    return out;
  } catch (const std::exception& error) {
    return Error{ErrorCode::kInvalid, "/wanted", std::string("cannot be read: ") + error.what(),
                 "are program and daemon of the same version?"};
  }
}

}  // namespace

Result<std::string> wanted_text(std::string_view all) {
  SLUICE_TRY(auto lines, each(all, [](const json::object& package) {
               std::string count = std::to_string(package.at("times").to_number<std::uint64_t>());
               count.insert(0, count.size() < 7 ? 7 - count.size() : 0, ' ');
               return count + "  " + std::string(text(package, "last").substr(0, 10)) + "  " +
                      std::string(text(package, "package")) + "  " + clients(package) + "\n";
             }));
  return lines.empty() ? "nothing is wanted that is not here\n"
                       : "  times  last        package  asked for by\n" + lines;
}

Result<std::string> want_list(std::string_view all, std::string_view type) {
  const auto joint = kJoints.find(type);
  if (joint == kJoints.end()) {
    return Error{ErrorCode::kInvalid, std::string(type), "no type of package",
                 "npm, pypi, huggingface, conda, oci, deb and generic are"};
  }
  return each(all, [&](const json::object& package) {
    const std::string_view name = own_name(type, text(package, "name"));
    const std::string_view version = text(package, "version");
    if (text(package, "type") != type || !is_printable(name) || !is_printable(version)) {
      return std::string();
    }
    // As the tools of images write it, what follows a digest's '@' is no tag.
    const std::string_view between =
        type == "oci" && version.find(':') != std::string_view::npos ? "@" : joint->second;
    return std::string(name) +
           (version.empty() ? "" : std::string(between) + std::string(version)) + "\n";
  });
}

}  // namespace sluice::high
