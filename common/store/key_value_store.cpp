#include "common/store/key_value_store.h"

namespace sluice::store {

std::string_view to_string(Family family) {
  switch (family) {
    case Family::kMeta:
      return "meta";
    case Family::kBlobs:
      return "blobs";
    case Family::kBlobInfo:
      return "blob-info";
    case Family::kAliases:
      return "aliases";
    case Family::kShipments:
      return "shipments";
    case Family::kDocuments:
      return "documents";
    case Family::kParts:
      return "parts";
    case Family::kGaps:
      return "gaps";
    case Family::kEvents:
      return "events";
  }
  return "unknown";
}

void Batch::put(Family family, std::string key, std::string value) {
  operations_.push_back({family, std::move(key), std::move(value)});
}

void Batch::remove(Family family, std::string key) {
  operations_.push_back({family, std::move(key), std::nullopt});
}

void Batch::append(const Batch& other) {
  operations_.insert(operations_.end(), other.operations_.begin(), other.operations_.end());
}

void append_u64(std::string& key, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>(value >> shift));
  }
}

std::optional<std::uint64_t> read_u64(std::string_view& key) {
  if (key.size() < 8) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (const char byte : key.substr(0, 8)) {
    value = value << 8 | static_cast<std::uint8_t>(byte);
  }
  key.remove_prefix(8);
  return value;
}

}  // namespace sluice::store
