#include "common/ecosystem/conda/package.h"

#include <boost/json.hpp>

#include "common/base/present.h"
#include "common/ecosystem/conda/member_scan.h"

namespace sluice::conda {
namespace {

namespace json = boost::json;

// The metapackages that list whole distributions have 20 KiB.
constexpr std::size_t kMaxMetadataBytes = std::size_t{256} << 10;

Error wrong(std::string_view file, std::string cause, std::string cure = "") {
  return {
      ErrorCode::kInvalid, "file " + std::string(file), std::move(cause),
      cure.empty() ? "ask the channel's owner to index it again, or exclude it" : std::move(cure)};
}

// Readers differ in which of two they take.
bool has_a_key_twice(std::string_view text, const json::object& object) {
  std::size_t members = 0;
  const auto scanned = each_member(text, [&](std::string_view, std::string_view) {
    ++members;
    return true;
  });
  return !scanned || members != object.size();
}

std::string_view text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view();
}

bool is_absent_or(const json::object& object, std::string_view key, std::string_view expected) {
  return !object.contains(key) || text_of(object, key) == expected;
}

// Clients compare text: upper case would never be equal to what they compute.
std::optional<Digest> digest_of(DigestAlgorithm algorithm, std::string_view hex) {
  auto digest = Digest::from_hex(algorithm, hex);
  return digest && digest->hex() == hex ? digest : std::nullopt;
}

// Of the digests and the size.
Result<void> read_proofs(std::string_view file, const json::object& object, Package& package) {
  const auto sha256 = digest_of(DigestAlgorithm::kSha256, text_of(object, "sha256"));
  if (!sha256) {
    return wrong(file,
                 object.contains("sha256") ? "its sha256 is none, or not in lower case"
                 : object.contains("md5")  ? "the channel names its MD5 alone, which proves nothing"
                                           : "it has no SHA-256",
                 "ask the channel's owner to index it again with a SHA-256, or exclude it");
  }
  package.sha256 = present(sha256->as_sha256());
  const json::value* size = object.if_contains("size");
  boost::system::error_code failed;
  if (size != nullptr && size->is_number()) {
    package.size = size->to_number<std::uint64_t>(failed);
  }
  if (size == nullptr || !size->is_number() || failed) {
    return wrong(file, "it has no size");
  }
  if (object.contains("md5")) {
    package.md5 = digest_of(DigestAlgorithm::kMd5, text_of(object, "md5"));
    if (!package.md5) {
      return wrong(file, "its md5 is none");
    }
  }
  return {};
}

// Older entries say seconds, newer ones milliseconds: conda takes what is beyond the year 9999 in
// seconds for the latter.
std::optional<UtcTime> built(const json::object& object) {
  constexpr std::int64_t kLastSecond = 253'402'300'799;
  const json::value* value = object.if_contains("timestamp");
  boost::system::error_code failed;
  const auto time = value != nullptr && value->is_number() ? value->to_number<std::int64_t>(failed)
                                                           : std::int64_t{-1};
  if (failed || time < 0 || time / 1000 > kLastSecond) {
    return std::nullopt;
  }
  return time > kLastSecond ? UtcTime(std::chrono::milliseconds(time))
                            : UtcTime(std::chrono::seconds(time));
}

}  // namespace

Result<Package> read_package(std::string_view subdir, std::string_view file,
                             std::string_view metadata) {
  Package package;
  SLUICE_TRY(package.file, parse_file_name(file));
  if (metadata.size() > kMaxMetadataBytes) {
    return wrong(file, "what the channel says of it has more than 256 KiB");
  }
  boost::system::error_code failed;
  const json::value value = json::parse(json::string_view(metadata), failed);
  if (failed || !value.is_object() || has_a_key_twice(metadata, value.get_object())) {
    return wrong(file, "what the channel says of it is no JSON object, or has a key twice");
  }
  const json::object& object = value.get_object();
  if (text_of(object, "name") != package.file.name ||
      text_of(object, "version") != package.file.version ||
      text_of(object, "build") != package.file.build || !is_absent_or(object, "fn", file) ||
      !is_absent_or(object, "subdir", subdir)) {
    return wrong(file, "its entry is of another name, version, build, file or subdir");
  }
  for (const std::string_view key : {"url", "channel"}) {
    if (object.contains(key)) {
      return wrong(file, "its entry leads elsewhere: " + std::string(key));
    }
  }
  SLUICE_TRY_VOID(read_proofs(file, object, package));
  package.built = built(object);
  return package;
}

}  // namespace sluice::conda
