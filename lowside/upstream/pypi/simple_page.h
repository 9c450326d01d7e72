// An index's page about one project, as JSON (PEP 691, 700, 714, 740) or HTML (PEP 503, 592, 658).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/ecosystem/pypi/file_name.h"

namespace sluice::low {

struct SimpleFile {
  std::string filename;
  pypi::FileName name;
  std::string url;  // absolute
  std::optional<Sha256Digest> sha256;
  std::optional<std::uint64_t> size;
  std::string requires_python;
  bool yanked = false;
  std::string yanked_reason;
  std::string upload_time;
  std::optional<Sha256Digest> metadata;  // what the index says of the wheel's METADATA
  std::string provenance;
};

struct SimplePage {
  std::vector<SimpleFile> files;  // in the page's order, each name once
  std::uint64_t serial = 0;       // the index's change counter; 0 where it has none
  // Files left out because their names cannot be (a path, a letter of another script), stand twice
  // with different digests, or come with a Requires-Python that is no plain text: the first few by
  // name, and how many.
  std::vector<std::string> refused;
  std::size_t refused_count = 0;
};

// `body` is what `uri` answered about `project` (normalised). Files that are neither wheels nor
// source archives are passed over. kInvalid: garbage, with the address and what is wrong.
Result<SimplePage> read_simple_page(const std::string& project, const std::string& uri,
                                    std::string_view content_type, std::string_view body);

// A file before its name has been looked at.
struct RawFile {
  std::string filename;
  std::string url;  // as it came
  SimpleFile file;  // all but filename, name and url
};
struct RawPage {
  std::string base;  // what addresses are relative to, if the page says so
  std::uint64_t serial = 0;
  std::vector<RawFile> files;
};

// The two forms. kInvalid names what is wrong; the caller adds where.
Result<RawPage> read_json_page(const std::string& project, std::string_view body);
Result<RawPage> read_html_page(std::string_view body);

}  // namespace sluice::low
