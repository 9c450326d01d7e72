#include "highside/mirror/conda/record_check.h"

#include <algorithm>
#include <map>
#include <set>

#include "common/base/hasher.h"
#include "common/ecosystem/conda/package.h"
#include "sluice/conda.pb.h"

namespace sluice::high {
namespace {

constexpr std::size_t kHashedAtOnce = std::size_t{1} << 20;  // bytes

Error not_held(const std::string& thing, std::string cause) {
  return {ErrorCode::kIntegrity, "conda record " + thing, std::move(cause),
          "the low side made a record that does not hold: look at its version and its disk, then "
          "send the shipment again"};
}

// It came under another name before, without that alias: then its bytes are read.
Result<bool> has_md5(const Digest& md5, const store::BlobInfo& blob,
                     const store::BlobStore& blobs) {
  if (std::ranges::find(blob.aliases, md5) != blob.aliases.end()) {
    return true;
  }
  SLUICE_TRY(const auto reader, blobs.open(blob.digest));
  Hasher hasher(DigestAlgorithm::kMd5);
  Bytes piece(std::min<std::uint64_t>(kHashedAtOnce, blob.size));
  for (std::uint64_t at = 0; at < blob.size; at += piece.size()) {
    const auto part =
        MutableByteView(piece).first(std::min<std::uint64_t>(piece.size(), blob.size - at));
    SLUICE_TRY_VOID(reader->read_at(at, part));
    hasher.update(part);
  }
  return hasher.finish() == md5;
}

Result<void> check_file(const std::string& thing, const std::string& subdir,
                        const proto::CondaFile& file, const std::set<std::string>& named,
                        const store::BlobStore& blobs) {
  if (!Sha256Digest::from_bytes(as_bytes(file.sha256())) || !named.contains(file.sha256())) {
    return not_held(thing, "it has no digest, or is not among the blobs that the record names");
  }
  const auto package = conda::read_package(subdir, file.name(), file.metadata());
  if (!package) {
    return not_held(thing, package.error().cause);
  }
  if (as_text(package->sha256.bytes()) != file.sha256() || package->size != file.size()) {
    return not_held(thing, "its metadata shows another digest or size");
  }
  SLUICE_TRY(const auto blob, blobs.find(package->sha256));
  if (!blob || blob->size != file.size()) {
    return not_held(thing, "it is not in the store, or of another size");
  }
  const std::optional<Digest>& md5 = package->md5;
  if (!md5) {
    return {};
  }
  SLUICE_TRY(const bool holds, has_md5(*md5, *blob, blobs));
  return holds ? Result<void>() : not_held(thing, "its md5 is not that of its bytes");
}

// What is visible and stays visible keeps its bytes.
Result<void> check_unchanged(const std::string& document, const proto::CondaSubdir& subdir,
                             const CatalogEntry& previous) {
  proto::CondaSubdir before;
  if (!before.ParseFromString(previous.body)) {
    return Error{ErrorCode::kIo, "conda record " + document, "what is held cannot be read",
                 "check the catalog's disk"};
  }
  std::map<std::string_view, std::string_view> held;
  for (const auto& file : before.files()) {
    held[file.name()] = file.sha256();
  }
  for (const auto& file : subdir.files()) {
    const auto found = held.find(file.name());
    if (found != held.end() && found->second != file.sha256()) {
      return not_held(document + ": " + file.name(),
                      "it would replace a visible file by other bytes");
    }
  }
  return {};
}

}  // namespace

Result<void> CondaRecordCheck::check(const proto::Record& record,
                                     const std::optional<CatalogEntry>& previous,
                                     const store::BlobStore& blobs) {
  SLUICE_TRY(const auto document, conda::parse_document(record.document()));
  if (record.withdrawn()) {
    return {};
  }
  proto::CondaSubdir subdir;
  if (!subdir.ParseFromString(record.body()) || subdir.files().empty()) {
    return not_held(record.document(), "its body cannot be read, or has no files");
  }
  const std::set<std::string> named(record.blobs().begin(), record.blobs().end());
  const std::string* before = nullptr;
  for (const auto& file : subdir.files()) {
    if (!conda::parse_file_name(file.name()) || (before != nullptr && *before >= file.name())) {
      return not_held(record.document(), "a file has no proper name, or is out of order");
    }
    before = &file.name();
    SLUICE_TRY_VOID(
        check_file(record.document() + ": " + file.name(), document.subdir, file, named, blobs));
  }
  return previous && !previous->body.empty() ? check_unchanged(record.document(), subdir, *previous)
                                             : Result<void>();
}

}  // namespace sluice::high
