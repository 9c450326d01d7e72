#include "common/ecosystem/conda/names.h"

#include <algorithm>

#include "common/base/plain_text.h"
#include "common/base/text.h"

namespace sluice::conda {
namespace {

constexpr std::size_t kMaxChannelBytes = 128;
constexpr std::size_t kMaxChannelParts = 4;
constexpr std::size_t kMaxSubdirBytes = 32;
constexpr std::size_t kMaxFileNameBytes = 255;
constexpr std::string_view kConda = ".conda";
constexpr std::string_view kTarBz2 = ".tar.bz2";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); }

template <class Allowed>
bool consists_of(std::string_view text, Allowed allowed) {
  return !text.empty() && std::ranges::all_of(text, allowed);
}

// Without bytes that a terminal or a log would act on.
Error invalid(std::string_view kind, std::string_view name, std::string cause) {
  const std::string shown =
      is_plain_text(name) ? std::string(name) : "of the bytes " + hex_encode(as_bytes(name));
  return {ErrorCode::kInvalid, std::string(kind) + " " + shown, std::move(cause), ""};
}

bool is_channel_part(std::string_view part) {
  return consists_of(part,
                     [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; }) &&
         is_alnum(part.front());
}

bool is_name(std::string_view text) {
  return consists_of(text,
                     [](char c) {
                       return is_lower(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
                     }) &&
         text.front() != '.' && text.front() != '-';
}

bool is_build(std::string_view text) {
  return consists_of(text,
                     [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '+'; }) &&
         text.front() != '.';
}

bool is_version(std::string_view text) {
  return consists_of(
             text,
             [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '+' || c == '!'; }) &&
         text.front() != '.';
}

}  // namespace

Result<void> check_channel(std::string_view channel) {
  const auto parts = split(channel, '/');
  if (channel.size() > kMaxChannelBytes || parts.size() > kMaxChannelParts ||
      !std::ranges::all_of(parts, is_channel_part)) {
    return invalid("channel", channel,
                   "a channel's name is 1 to 4 parts with a slash between them, of letters, "
                   "digits, '-', '_' and '.', at most 128 characters");
  }
  return {};
}

Result<void> check_subdir(std::string_view subdir) {
  const std::size_t dash = subdir.find('-');
  const bool is_platform =
      dash != std::string_view::npos && consists_of(subdir.substr(0, dash), is_lower) &&
      consists_of(subdir.substr(dash + 1), [](char c) { return is_lower(c) || is_digit(c); });
  if (subdir.size() > kMaxSubdirBytes || (subdir != "noarch" && !is_platform)) {
    return invalid("subdir", subdir, "a subdir is \"noarch\" or like \"linux-64\"");
  }
  return {};
}

Result<Document> parse_document(std::string_view document) {
  const std::size_t slash = document.rfind('/');
  if (slash == std::string_view::npos) {
    return invalid("document", document, "it is no channel and subdir");
  }
  Document parsed{std::string(document.substr(0, slash)), std::string(document.substr(slash + 1))};
  SLUICE_TRY_VOID(check_channel(parsed.channel));
  SLUICE_TRY_VOID(check_subdir(parsed.subdir));
  return parsed;
}

Result<FileName> parse_file_name(std::string_view file) {
  std::string_view stem = file;
  if (file.ends_with(kConda)) {
    stem.remove_suffix(kConda.size());
  } else if (file.ends_with(kTarBz2)) {
    stem.remove_suffix(kTarBz2.size());
  } else {
    return invalid("file", file, "it ends neither in .conda nor in .tar.bz2");
  }
  const std::size_t build = stem.rfind('-');
  const std::size_t version =
      build == std::string_view::npos || build == 0 ? build : stem.rfind('-', build - 1);
  if (file.size() > kMaxFileNameBytes || build == std::string_view::npos ||
      version == std::string_view::npos) {
    return invalid("file", file, "it is no NAME-VERSION-BUILD of at most 255 characters");
  }
  FileName parsed{std::string(stem.substr(0, version)),
                  std::string(stem.substr(version + 1, build - version - 1)),
                  std::string(stem.substr(build + 1))};
  if (!is_name(parsed.name) || !is_version(parsed.version) || !is_build(parsed.build)) {
    return invalid("file", file, "its name, version or build has characters that conda's do not");
  }
  return parsed;
}

}  // namespace sluice::conda
