#include "common/store/blob_keys.h"

#include "common/base/text.h"

namespace sluice::store {
namespace {

bool can_be(const proto::StoredBlob& stored) {
  switch (stored.place()) {
    case proto::StoredBlob::INLINE:
    case proto::StoredBlob::FILE:
      return stored.pack() == 0 && stored.offset() == 0;
    case proto::StoredBlob::PACK:
      return PackFolder::can_be({stored.pack(), stored.offset()}, stored.size());
    default:
      return false;
  }
}

}  // namespace

std::string blob_key(const Sha256Digest& digest) { return std::string(as_text(digest.bytes())); }

std::string alias_key(const Digest& alias) {
  std::string key(1, static_cast<char>(alias.algorithm()));
  return key.append(as_text(alias.bytes()));
}

std::string unsettled_key(const Sha256Digest& digest) {
  return std::string(kUnsettledPrefix).append(as_text(digest.bytes()));
}

proto::Alias to_proto(const Digest& digest) {
  proto::Alias alias;
  alias.set_algorithm(static_cast<proto::DigestAlgorithm>(digest.algorithm()));
  alias.set_digest(std::string(as_text(digest.bytes())));
  return alias;
}

std::optional<Digest> from_proto(const proto::Alias& alias) {
  if (!proto::DigestAlgorithm_IsValid(alias.algorithm()) ||
      alias.algorithm() == proto::DIGEST_UNKNOWN) {
    return std::nullopt;
  }
  return Digest::from_bytes(static_cast<DigestAlgorithm>(alias.algorithm()),
                            as_bytes(alias.digest()));
}

std::string write_stored(const BlobInfo& info, const BlobPlace& place) {
  proto::StoredBlob stored;
  stored.set_size(info.size);
  stored.set_place(place.kind);
  stored.set_pack(place.in_pack.pack);
  stored.set_offset(place.in_pack.offset);
  for (const Digest& alias : info.aliases) {
    *stored.add_aliases() = to_proto(alias);
  }
  return stored.SerializeAsString();
}

Result<StoredInfo> read_stored(std::string_view key, std::string_view value) {
  Error damaged{ErrorCode::kIntegrity, "blob " + hex_encode(as_bytes(key)),
                "its entry in the index is unreadable",
                "restore the store from a backup, or let the blob cross again"};
  const auto digest = Sha256Digest::from_bytes(as_bytes(key));
  proto::StoredBlob stored;
  if (!digest || !stored.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
      !can_be(stored)) {
    return damaged;
  }
  StoredInfo read{{*digest, stored.size(), {}}, {stored.place(), {stored.pack(), stored.offset()}}};
  for (const proto::Alias& alias : stored.aliases()) {
    auto known = from_proto(alias);
    if (!known) {
      return damaged;
    }
    read.info.aliases.push_back(std::move(*known));
  }
  return read;
}

}  // namespace sluice::store
