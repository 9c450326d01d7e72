// Release files: what an archive signs (Debian wiki, DebianRepository/Format).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/error.h"

namespace sluice::apt {

// The largest archives list about 60 000 files.
inline constexpr std::size_t kMaxReleaseEntries = 500'000;

// A file that a Release lists, with every digest that it gives.
struct IndexFile {
  std::string path;  // below dists/<suite>/: "main/binary-amd64/Packages.xz"; safe
  std::uint64_t size = 0;
  std::vector<Digest> digests;
  Sha256Digest sha256;  // also among digests
};

struct Release {
  std::string origin;
  std::string label;
  std::string suite;
  std::string codename;
  std::string version;
  UtcTime date;
  std::optional<UtcTime> valid_until;
  std::vector<std::string> components;
  std::vector<std::string> architectures;
  bool acquire_by_hash = false;
  bool packages_of_all_apart = false;  // "all" has indices of its own
  std::vector<IndexFile> files;        // sorted by path; only those with a SHA-256

  const IndexFile* find(std::string_view path) const;  // null: not listed
};

// kInvalid: not a Release file, a date that does not read, a digest or a path that cannot be.
Result<Release> parse_release(const std::string& thing, std::string_view text);

// "Sat, 17 May 2025 09:02:41 UTC" (RFC 5322 with UTC, GMT, Z or +0000 as its zone).
std::optional<UtcTime> parse_release_date(std::string_view text);
std::string format_release_date(UtcTime time);

// "MD5Sum", "SHA1", "SHA256", "SHA512": how the field of a Release and the folder below by-hash
// call it; none for a name that is no digest's.
std::optional<DigestAlgorithm> digest_field(std::string_view name);
std::string_view digest_field_name(DigestAlgorithm algorithm);

}  // namespace sluice::apt
