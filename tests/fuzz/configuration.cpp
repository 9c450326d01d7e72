// What operators write: the configuration of both programs, resend codes, lists of URLs, addresses.
#include <algorithm>

#include "common/config/documents.h"
#include "common/config/load.h"
#include "common/crypto/keys.h"
#include "common/ecosystem/files/document_name.h"
#include "common/http/endpoint.h"
#include "common/wire/resend_code.h"
#include "highside/daemon/settings_table.h"
#include "lowside/daemon/settings_table.h"
#include "lowside/spool/ranges.h"
#include "lowside/upstream/files/cursor.h"
#include "lowside/upstream/files/url_list.h"
#include "tests/fuzz/input.h"

namespace sluice::fuzz {
namespace {

// What is in effect, shown, is a file that loads to the same.
void read_configuration(const config::Table& table, std::string_view text) {
  const config::Checked checked = config::check_text(table, text, "fuzz.toml", "/etc/sluice");
  for (const config::Problem& problem : checked.problems) {
    SLUICE_ASSERT(!problem.where.empty() && !problem.cause.empty());
    SLUICE_ASSERT(!config::to_string(problem).empty());
  }
  if (!checked.problems.empty()) {
    return;
  }
  const std::string shown = config::show(checked.settings);
  const config::Checked again = config::check_text(table, shown, "shown.toml", "/etc/sluice");
  SLUICE_ASSERT(again.problems.empty());
  // But for where each value comes from, it is shown the same.
  const auto values = [](const std::string& document) {
    std::string kept;
    for (std::size_t at = 0; at < document.size();) {
      const std::size_t end = std::min(document.find('\n', at), document.size());
      const std::string line = document.substr(at, end - at);
      kept += line.substr(0, line.rfind("  # ")) + "\n";
      at = end + 1;
    }
    return kept.substr(kept.find('\n'));
  };
  SLUICE_ASSERT(values(config::show(again.settings)) == values(shown));
}

// One key of any type, so that values are reached without the tables' required keys.
const config::Table& every_type() {
  using namespace config;
  static const Table table("fuzz", {section("", "All types.",
                                            {
                                                {"s", Type::kString, "", "A string."},
                                                {"i", Type::kInt, "1", "A number."},
                                                {"f", Type::kDecimal, "0.5", "A decimal."},
                                                {"b", Type::kBool, "true", "A truth."},
                                                {"d", Type::kDuration, "1s", "A duration."},
                                                {"z", Type::kSize, "1KiB", "A size."},
                                                {"r", Type::kRate, "1Mbit/s", "A rate."},
                                                {"c", Type::kPercent, "5%", "A percentage."},
                                                {"p", Type::kPath, "", "A path."},
                                                {"l", Type::kStrings, "[]", "Strings."},
                                                {"q", Type::kPaths, "[]", "Paths."},
                                            })});
  return table;
}

void read_ranges(std::string_view text) {
  const auto ranges = low::parse_ranges(text);
  if (!ranges) {
    return;
  }
  SLUICE_ASSERT(!ranges->empty() && ranges->size() <= low::kMaxRanges);
  std::string written;
  for (const low::SequenceRange& range : *ranges) {
    SLUICE_ASSERT(range.first.value() >= 1 && range.first <= range.last);
    written += (written.empty() ? "" : ",") + std::to_string(range.first.value()) + "-" +
               std::to_string(range.last.value());
  }
  const auto again = low::parse_ranges(written);
  SLUICE_ASSERT(again && *again == *ranges);
}

// There is one way to write a code, and what is written is read as the same.
void read_resend_code(std::string_view text) {
  const auto read = wire::read_resend_code(text, "lab-low");
  if (!read) {
    SLUICE_ASSERT(!read.error().cause.empty() && !read.error().cure.empty());
    return;
  }
  const wire::ResendCodes made = wire::resend_codes("lab-low", *read);
  SLUICE_ASSERT(made.codes.size() == 1 && made.added == 0 && made.codes[0].ranges == *read);
  SLUICE_ASSERT(made.codes[0].text.size() <= wire::kMaxCodeCharacters);
}

// What makes codes takes any ranges; together they name all of them.
void write_resend_codes(Input input) {
  std::vector<wire::SequenceRange> ranges;
  for (std::size_t number = input.choice(100); number > 0 && !input.empty(); --number) {
    const std::uint64_t first = input.u64() >> input.choice(64);
    ranges.push_back({ShipmentSequence(first), ShipmentSequence(first + input.choice(200))});
  }
  const wire::ResendCodes made = wire::resend_codes("lab-low", ranges);
  SLUICE_ASSERT(made.codes.size() <= wire::kMaxCodes);
  std::vector<wire::SequenceRange> named;
  for (const wire::ResendCode& code : made.codes) {
    SLUICE_ASSERT(code.text.size() <= wire::kMaxCodeCharacters);
    const auto read = wire::read_resend_code(code.text, "lab-low");
    SLUICE_ASSERT(read && *read == code.ranges);
    named.insert(named.end(), read->begin(), read->end());
  }
  for (const wire::SequenceRange& range : ranges) {
    SLUICE_ASSERT(range.first.value() == 0 || range.last < range.first ||
                  range.last.value() > wire::kMaxCodedSequence ||
                  std::ranges::any_of(named, [&](const wire::SequenceRange& one) {
                    return one.first <= range.first && range.last <= one.last;
                  }));
  }
}

void read_url_list(std::string_view text) {
  const low::UrlList list = low::parse_url_list(text, "list", "drop");
  for (const low::ListedUrl& entry : list.entries) {
    SLUICE_ASSERT(files::check_document_name("drop/" + entry.path));
    SLUICE_ASSERT(entry.uri.starts_with("http") || entry.uri.starts_with("HTTP") ||
                  entry.uri.find(':') != std::string::npos);
  }
}

// What it names is fetched from beside it, from nowhere else.
void read_checksum_file(std::string_view text) {
  const std::string folder = "https://example.org/a/";
  for (const auto& entry : low::parse_checksum_file(text, folder + "SHA256SUMS", "drop").entries) {
    SLUICE_ASSERT(files::check_document_name("drop/" + entry.path));
    SLUICE_ASSERT(entry.uri.starts_with(folder) && entry.uri.find("/../") == std::string::npos);
  }
}

void read_files_cursor(std::string_view text) {
  if (const auto cursor = low::FilesCursor::parse(text, "drop")) {
    const std::string written = cursor->serialize();
    const auto again = low::FilesCursor::parse(written, "drop");
    SLUICE_ASSERT(again && again->serialize() == written);
  }
}

void read_keys(std::string_view text) {
  if (const auto key = crypto::VerifyKey::parse(text, "key")) {
    SLUICE_ASSERT(crypto::VerifyKey::parse(key->file_text(), "again").value() == *key);
  }
  if (const auto key = crypto::SealingKey::parse(text, "key")) {
    SLUICE_ASSERT(crypto::SealingKey::parse(key->file_text(), "again").value() == *key);
  }
}

void read_endpoint(std::string_view text) {
  if (const auto endpoint = http::parse_endpoint(text)) {
    const auto again = http::parse_endpoint(http::to_string(*endpoint));
    SLUICE_ASSERT(again && *again == *endpoint);
  }
}

}  // namespace
}  // namespace sluice::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  switch (input.choice(10)) {
    case 0:
      fuzz::read_configuration(low::settings_table(), input.rest_text());
      break;
    case 1:
      fuzz::read_configuration(high::settings_table(), input.rest_text());
      break;
    case 2:
      fuzz::read_configuration(fuzz::every_type(), input.rest_text());
      break;
    case 3:
      fuzz::read_ranges(input.rest_text());
      break;
    case 4: {
      const std::string_view text = input.rest_text();
      fuzz::read_url_list(text);
      fuzz::read_checksum_file(text);
      break;
    }
    case 5:
      fuzz::read_files_cursor(input.rest_text());
      break;
    case 6:
      fuzz::read_keys(input.rest_text());
      break;
    case 8:
      fuzz::read_resend_code(input.rest_text());
      break;
    case 9:
      fuzz::write_resend_codes(input);
      break;
    default:
      fuzz::read_endpoint(input.rest_text());
      break;
  }
  return 0;
}
