// What the spool keeps in the index: keys, and messages read and written whole. docs/storage.md has
// them as a grammar.
#pragma once

#include <optional>
#include <string>

#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/base/strong.h"
#include "common/store/key_value_store.h"
#include "sluice/stored_spool.pb.h"

namespace sluice::low {

namespace spool_keys {
// Of kMeta.
inline constexpr std::string_view kStream = "spool/stream";
inline constexpr std::string_view kNext = "spool/next";
inline constexpr std::string_view kAsked = "spool/asked";
inline constexpr std::string_view kRefetch = "spool/refetch";
inline constexpr std::string_view kCarousel = "spool/carousel";
std::string source(std::string_view name);

// Of kShipments; each family of keys has its letter.
inline constexpr std::string_view kSummaries = "s";
inline constexpr std::string_view kPasses = "p";
inline constexpr std::string_view kHeldBlobs = "b";
inline constexpr std::string_view kDropped = "d";
std::string manifest(ShipmentSequence sequence);
std::string summary(ShipmentSequence sequence);
std::string passes(ShipmentSequence sequence);
std::string held_blob(const Sha256Digest& digest);
std::string carrier(const Sha256Digest& digest);
std::string dropped(ShipmentSequence sequence);
// Of a summary's, passes' or dropped key.
ShipmentSequence sequence(std::string_view key);
}  // namespace spool_keys

// `value` as a Message, or kIntegrity.
template <class Message>
Result<Message> parse_stored(std::string_view value) {
  Message message;
  if (!message.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return Error{ErrorCode::kIntegrity, "spool", "an entry of its index is unreadable",
                 "restore the spool from a backup"};
  }
  return message;
}

template <class Message>
Result<std::optional<Message>> read_stored(const store::KeyValueStore& index, store::Family family,
                                           std::string_view key) {
  SLUICE_TRY(const auto value, index.get(family, key));
  if (!value) {
    return std::optional<Message>();
  }
  SLUICE_TRY(Message message, parse_stored<Message>(*value));
  return std::optional(std::move(message));
}

}  // namespace sluice::low
