#include "common/ecosystem/apt/release.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "common/base/text.h"
#include "common/ecosystem/apt/deb822.h"
#include "common/ecosystem/apt/path.h"

namespace sluice::apt {
namespace {

struct DigestField {
  std::string_view name;
  DigestAlgorithm algorithm;
};
constexpr std::array kDigestFields{DigestField{"MD5Sum", DigestAlgorithm::kMd5},
                                   DigestField{"SHA1", DigestAlgorithm::kSha1},
                                   DigestField{"SHA256", DigestAlgorithm::kSha256},
                                   DigestField{"SHA512", DigestAlgorithm::kSha512}};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

Error invalid(const std::string& thing, std::string cause) {
  return {ErrorCode::kInvalid, thing, std::move(cause), ""};
}

// "<hex> <size> <path>"
Result<void> add_entry(const std::string& thing, DigestAlgorithm algorithm, std::string_view line,
                       std::map<std::string, IndexFile, std::less<>>& files) {
  const auto words = value_words(line);
  const auto digest =
      words.size() == 3 ? Digest::from_hex(algorithm, words[0]) : std::optional<Digest>();
  const auto size = digest ? number<std::uint64_t>(words[1]) : std::nullopt;
  if (!size || !is_safe_path(words[2])) {
    return invalid(thing,
                   "the list of " + std::string(digest_field_name(algorithm)) +
                       " has an entry that does not read: " + std::string(line.substr(0, 200)));
  }
  if (files.size() == kMaxReleaseEntries) {
    return invalid(thing, "lists more than " + std::to_string(kMaxReleaseEntries) + " files");
  }
  auto [entry, added] = files.try_emplace(words[2], IndexFile{words[2], *size, {}, {}});
  if (!added && entry->second.size != *size) {
    return invalid(thing, "gives two sizes for " + words[2]);
  }
  entry->second.digests.push_back(*digest);
  if (const auto sha256 = digest->as_sha256()) {
    entry->second.sha256 = *sha256;
  }
  return {};
}

Result<std::vector<IndexFile>> read_lists(const std::string& thing, const Paragraph& paragraph) {
  std::map<std::string, IndexFile, std::less<>> files;
  for (const auto& [name, algorithm] : kDigestFields) {
    for (const std::string_view line : value_lines(paragraph.get(name))) {
      SLUICE_TRY_VOID(add_entry(thing, algorithm, line, files));
    }
  }
  std::vector<IndexFile> list;
  for (auto& [path, file] : files) {
    if (file.sha256 != Sha256Digest()) {
      list.push_back(std::move(file));
    }
  }
  if (list.empty()) {
    return Error{ErrorCode::kInvalid, thing, "lists no file with a SHA256",
                 "an archive that has only weaker digests cannot be mirrored"};
  }
  return list;
}

}  // namespace

std::optional<DigestAlgorithm> digest_field(std::string_view name) {
  const auto* found = std::ranges::find(kDigestFields, name, &DigestField::name);
  return found == kDigestFields.end() ? std::nullopt : std::optional(found->algorithm);
}

std::string_view digest_field_name(DigestAlgorithm algorithm) {
  const auto* found = std::ranges::find(kDigestFields, algorithm, &DigestField::algorithm);
  return found == kDigestFields.end() ? "" : found->name;
}

std::optional<UtcTime> parse_release_date(std::string_view text) {
  auto words = value_words(text);
  if (!words.empty() && words[0].ends_with(',')) {
    words.erase(words.begin());  // the day of the week says nothing more
  }
  if (words.size() != 5 || (words[4] != "UTC" && words[4] != "GMT" && words[4] != "Z" &&
                            words[4] != "+0000" && words[4] != "-0000")) {
    return std::nullopt;
  }
  const auto clock = split(words[3], ':');
  const auto month = std::ranges::find(kMonths, words[1]);
  const auto day = number<unsigned>(words[0]);
  const auto year = number<int>(words[2]);
  if (clock.size() != 3 || month == kMonths.end() || !day || !year || *year < 1970 ||
      *year > 9999) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{
      std::chrono::year(*year),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(*day)};
  const auto hour = number<unsigned>(clock[0]);
  const auto minute = number<unsigned>(clock[1]);
  const auto second = number<unsigned>(clock[2]);
  if (!date.ok() || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

std::string format_release_date(UtcTime time) {
  std::string text = format_http_date(time);
  text.replace(text.size() - 3, 3, "UTC");
  return text;
}

const IndexFile* Release::find(std::string_view path) const {
  const auto found = std::ranges::lower_bound(files, path, {}, &IndexFile::path);
  return found != files.end() && found->path == path ? &*found : nullptr;
}

Result<Release> parse_release(const std::string& thing, std::string_view text) {
  ParagraphReader reader(thing, text);
  SLUICE_TRY(const auto paragraph, reader.next());
  if (!paragraph) {
    return invalid(thing, "is empty");
  }
  Release release;
  release.origin = paragraph->get("Origin");
  release.label = paragraph->get("Label");
  release.suite = paragraph->get("Suite");
  release.codename = paragraph->get("Codename");
  release.version = paragraph->get("Version");
  release.components = value_words(paragraph->get("Components"));
  release.architectures = value_words(paragraph->get("Architectures"));
  release.acquire_by_hash = paragraph->get("Acquire-By-Hash") == "yes";
  const auto no_support = value_words(paragraph->get("No-Support-for-Architecture-all"));
  release.packages_of_all_apart = std::ranges::count(release.architectures, "all") != 0 &&
                                  std::ranges::count(no_support, "Packages") == 0;
  const auto date = parse_release_date(paragraph->get("Date"));
  if (!date) {
    return invalid(thing,
                   "its Date does not read: \"" + std::string(paragraph->get("Date")) + "\"");
  }
  release.date = *date;
  if (const auto until = paragraph->find("Valid-Until")) {
    release.valid_until = parse_release_date(*until);
    if (!release.valid_until) {
      return invalid(thing, "its Valid-Until does not read: \"" + std::string(*until) + "\"");
    }
  }
  SLUICE_TRY(release.files, read_lists(thing, *paragraph));
  return release;
}

}  // namespace sluice::apt
