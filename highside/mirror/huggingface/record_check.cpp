#include "highside/mirror/huggingface/record_check.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <set>

#include "common/base/hasher.h"
#include "common/base/plain_text.h"
#include "common/ecosystem/huggingface/repository.h"
#include "sluice/huggingface.pb.h"

namespace sluice::high {
namespace {

constexpr std::size_t kHashedAtOnce = std::size_t{1} << 20;  // bytes

Error not_held(const std::string& thing, std::string cause) {
  return {ErrorCode::kIntegrity, "huggingface record " + thing, std::move(cause),
          "the low side made a record that does not hold: look at its version and its disk, then "
          "send the shipment again"};
}

Result<Digest> git_digest(const Sha256Digest& digest, std::uint64_t size,
                          const store::BlobStore& blobs) {
  SLUICE_TRY(const auto reader, blobs.open(digest));
  Hasher hasher(DigestAlgorithm::kGitBlobSha1, size);
  Bytes piece(std::min<std::uint64_t>(kHashedAtOnce, size));
  for (std::uint64_t at = 0; at < size; at += piece.size()) {
    const auto part =
        MutableByteView(piece).first(std::min<std::uint64_t>(piece.size(), size - at));
    SLUICE_TRY_VOID(reader->read_at(at, part));
    hasher.update(part);
  }
  return hasher.finish();
}

// It came under another name before, without that alias: then its bytes are read.
Result<bool> is_git_blob(const Digest& oid, const store::BlobInfo& blob,
                         const store::BlobStore& blobs) {
  if (std::ranges::find(blob.aliases, oid) != blob.aliases.end()) {
    return true;
  }
  SLUICE_TRY(const Digest computed, git_digest(blob.digest, blob.size, blobs));
  return computed == oid;
}

Result<void> check_file(const std::string& thing, const proto::HuggingFaceFile& file,
                        const std::set<std::string>& named, const store::BlobStore& blobs) {
  const auto digest = Sha256Digest::from_bytes(as_bytes(file.sha256()));
  const auto oid = Digest::from_bytes(DigestAlgorithm::kGitBlobSha1, as_bytes(file.oid()));
  if (!digest || !oid || !named.contains(file.sha256())) {
    return not_held(thing, "it has no digests, or is not among the blobs that the record names");
  }
  SLUICE_TRY(const auto blob, blobs.find(*digest));
  if (!blob || blob->size != file.size()) {
    return not_held(thing, "it is not in the store, or of another size");
  }
  if (file.pointer_size() > 0) {
    return {};
  }
  SLUICE_TRY(const bool holds, is_git_blob(*oid, *blob, blobs));
  return holds ? Result<void>() : not_held(thing, "its oid is not the digest of its bytes");
}

// What is visible keeps its bytes: a commit is what it is for good.
Result<void> check_unchanged(const std::string& thing, const proto::HuggingFaceRevision& revision,
                             const CatalogEntry& previous) {
  proto::HuggingFaceRevision before;
  if (!before.ParseFromString(previous.body)) {
    return Error{ErrorCode::kIo, "huggingface record " + thing, "what is held cannot be read",
                 "check the catalog's disk"};
  }
  std::map<std::string, std::string> held;
  for (const auto& file : before.files()) {
    held[file.path()] = file.sha256();
  }
  for (const auto& file : revision.files()) {
    const auto found = held.find(file.path());
    if (found != held.end() && found->second != file.sha256()) {
      return not_held(thing + ": " + file.path(), "it would replace a visible file by other bytes");
    }
  }
  return {};
}

bool is_about(const std::string& text) {
  boost::system::error_code failed;
  const auto value = boost::json::parse(boost::json::string_view(text), failed);
  return !failed && value.is_object();
}

Result<void> check_revision(const proto::Record& record,
                            const std::optional<CatalogEntry>& previous,
                            const store::BlobStore& blobs) {
  proto::HuggingFaceRevision revision;
  if (!revision.ParseFromString(record.body()) || revision.files().empty() ||
      !is_about(revision.about()) || !is_plain_text(revision.last_modified())) {
    return not_held(record.document(), "its body cannot be read, or has no files");
  }
  const std::set<std::string> named(record.blobs().begin(), record.blobs().end());
  const std::string* before = nullptr;
  for (const auto& file : revision.files()) {
    if (!huggingface::check_path(file.path()) || (before != nullptr && *before >= file.path())) {
      return not_held(record.document(), "a path leaves the repository, or is out of order");
    }
    before = &file.path();
    SLUICE_TRY_VOID(check_file(record.document() + ": " + file.path(), file, named, blobs));
  }
  for (const auto& folder : revision.folders()) {
    if (!huggingface::check_path(folder.path())) {
      return not_held(record.document(), "a folder's path leaves the repository");
    }
  }
  return previous && !previous->body.empty()
             ? check_unchanged(record.document(), revision, *previous)
             : Result<void>();
}

Result<void> check_refs(const proto::Record& record) {
  proto::HuggingFaceRefs refs;
  if (!refs.ParseFromString(record.body()) || refs.commits().empty() || record.blobs_size() != 0) {
    return not_held(record.document(), "its refs cannot be read, are none, or name blobs");
  }
  for (const auto& [name, commit] : refs.commits()) {
    if (!huggingface::check_revision(name) || huggingface::is_commit(name) ||
        !huggingface::is_commit(commit)) {
      return not_held(record.document(), "a ref has no proper name or commit");
    }
  }
  return {};
}

}  // namespace

Result<void> HuggingFaceRecordCheck::check(const proto::Record& record,
                                           const std::optional<CatalogEntry>& previous,
                                           const store::BlobStore& blobs) {
  SLUICE_TRY(const auto document, huggingface::parse_document(record.document()));
  if (record.withdrawn()) {
    return {};
  }
  return document.commit.empty() ? check_refs(record) : check_revision(record, previous, blobs);
}

}  // namespace sluice::high
