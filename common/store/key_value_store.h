// The index as an interface: ordered keys in families, atomic batches. RocksDB implements it
// (rocks_store.h); where one machine is too small, a distributed ordered store can take its place.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace sluice::store {

// Families by purpose. Names are on disk: never rename.
enum class Family : std::uint8_t {
  kMeta,       // single values: format version, current edition, epochs, cursors
  kBlobs,      // sha256 -> bytes of an inline blob (RocksDB blob files)
  kBlobInfo,   // sha256 -> StoredBlob: size, place, aliases
  kAliases,    // algorithm, digest -> sha256
  kShipments,  // low: the spool; high: the ledger of what arrived
  kDocuments,  // high: (ecosystem, document, edition) -> record
  kParts,      // high: blobs that are being put together
  kGaps,       // high: what did not arrive
  kEvents,     // audit log, by time
};
inline constexpr std::size_t kFamilies = 9;
std::string_view to_string(Family family);

// Writes that become visible and durable together.
class Batch {
 public:
  void put(Family family, std::string key, std::string value);
  void remove(Family family, std::string key);
  void append(const Batch& other);
  bool empty() const { return operations_.empty(); }

  struct Operation {
    Family family;
    std::string key;
    std::optional<std::string> value;  // none: remove
  };
  const std::vector<Operation>& operations() const { return operations_; }

 private:
  std::vector<Operation> operations_;
};

enum class Durability {
  kSynced,    // on disk when write() returns
  kUnsynced,  // atomic, and never without every earlier write; may be lost with what follows it
};

// Callable from any thread.
class KeyValueStore {
 public:
  virtual ~KeyValueStore() = default;
  virtual Result<std::optional<std::string>> get(Family family, std::string_view key) const = 0;
  // After a failure the batch is not visible, and never will be once a later write has succeeded;
  // only a crash before that may bring it back, and of several that failed one after another none
  // but the first: the others never reach the disk. kExhausted: nothing is lost, and writing works
  // again by itself when there is space.
  virtual Result<void> write(const Batch& batch, Durability durability) = 0;
  // Calls `each` for keys that start with `prefix`, from `from` on (≥ prefix; empty: from the
  // start), ascending, in one consistent view, until it returns false.
  virtual Result<void> scan(
      Family family, std::string_view prefix, std::string_view from,
      const std::function<bool(std::string_view key, std::string_view value)>& each) const = 0;
  // The last key ≤ `key` that starts with `prefix`, with its value.
  virtual Result<std::optional<std::pair<std::string, std::string>>> last_at_or_before(
      Family family, std::string_view prefix, std::string_view key) const = 0;
};

// Integers inside keys: big-endian, so that byte order is number order.
void append_u64(std::string& key, std::uint64_t value);
std::optional<std::uint64_t> read_u64(std::string_view& key);  // takes 8 bytes off the front

}  // namespace sluice::store
