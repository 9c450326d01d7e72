// The blob store's keys and stored messages; docs/storage.md has them as a grammar.
#pragma once

#include <string>
#include <string_view>

#include "common/store/blob_store.h"
#include "common/store/pack_folder.h"
#include "sluice/stored_blob.pb.h"

namespace sluice::store {

// Of kMeta: the blob's file may be there without an entry in the index.
inline constexpr std::string_view kUnsettledPrefix = "blob-unsettled/";

std::string blob_key(const Sha256Digest& digest);  // of kBlobs and kBlobInfo
std::string alias_key(const Digest& alias);        // of kAliases
std::string unsettled_key(const Sha256Digest& digest);

proto::Alias to_proto(const Digest& digest);
// None for an algorithm that is not known or a digest of another length than its own.
std::optional<Digest> from_proto(const proto::Alias& alias);

// Where a blob's bytes are.
struct BlobPlace {
  proto::StoredBlob::Place kind = proto::StoredBlob::NOWHERE;
  PackPlace in_pack{};  // of PACK

  bool operator==(const BlobPlace&) const = default;
};

std::string write_stored(const BlobInfo& info, const BlobPlace& place);

struct StoredInfo {
  BlobInfo info;
  BlobPlace place;
};
// kIntegrity names the blob.
Result<StoredInfo> read_stored(std::string_view key, std::string_view value);

}  // namespace sluice::store
