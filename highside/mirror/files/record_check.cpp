#include "highside/mirror/files/record_check.h"

#include <algorithm>
#include <cctype>

#include "common/ecosystem/files/document_name.h"
#include "sluice/file.pb.h"

namespace sluice::high {
namespace {

Error invalid(const proto::Record& record, std::string cause) {
  return {ErrorCode::kInvalid, "file " + record.document(), std::move(cause),
          "the sender is newer than this side, or broken: compare their versions"};
}

// RFC 9110 section 8.3.1, without parameters; empty where the sender could not tell.
bool is_media_type(std::string_view type) {
  const auto slash = type.find('/');
  if (type.empty()) {
    return true;
  }
  const auto is_token = [](std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 ||
             std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) !=
                 std::string_view::npos;
    });
  };
  return slash != std::string_view::npos && is_token(type.substr(0, slash)) &&
         is_token(type.substr(slash + 1));
}

}  // namespace

Result<void> FileRecordCheck::check(const proto::Record& record, const std::optional<CatalogEntry>&,
                                    const store::BlobStore& blobs) {
  SLUICE_TRY_VOID(files::check_document_name(record.document()));
  if (record.withdrawn()) {
    return {};
  }
  proto::FileEntry entry;
  if (!entry.ParseFromString(record.body())) {
    return invalid(record, "its record cannot be read");
  }
  if (!is_media_type(entry.media_type())) {
    return invalid(record, "its media type is none");
  }
  const auto digest = Sha256Digest::from_bytes(as_bytes(entry.sha256()));
  if (!digest || record.blobs_size() != 1 || record.blobs(0) != entry.sha256()) {
    return invalid(record, "it does not name exactly the blob that it shows");
  }
  SLUICE_TRY(const auto held, blobs.find(*digest));
  if (!held || held->size != entry.size()) {
    return Error{ErrorCode::kIntegrity, "file " + record.document(),
                 held ? "its record says " + std::to_string(entry.size()) +
                            " bytes, its blob has " + std::to_string(held->size)
                      : "its blob is not held",
                 "send the shipment again"};
  }
  return {};
}

}  // namespace sluice::high
