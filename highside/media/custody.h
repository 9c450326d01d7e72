// Who carried which volume here, and when: kept for good.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/store/key_value_store.h"
#include "highside/media/volume_reader.h"

namespace sluice::high {

// kMeta "media/<stream>/<bundle, 20 digits>/<volume, 5 digits>" is a JSON object of these.
struct CustodyEntry {
  VolumeIdentity volume;
  UtcTime imported;
  std::string by;       // who gave the command
  std::string carrier;  // as given
  std::string reason;
  std::string place;        // where it was read
  std::string exported_by;  // by its manifest
  std::string sums;         // SHA-256 of its file SHA256SUMS; empty: no manifest
  std::string shipments;    // "3-9": those of which it holds something; likewise
  std::uint64_t bad_sectors = 0;
  std::uint64_t recovered = 0;    // symbols
  std::uint64_t lost_blocks = 0;  // 0: all of it was taken
  std::uint64_t times = 1;        // that it was imported
};

// Callable from any thread.
class CustodyLog {
 public:
  explicit CustodyLog(store::KeyValueStore& index) : index_(index) {}

  // Durable. An entry of the same volume is replaced, and counted.
  Result<void> add(CustodyEntry entry);
  Result<std::optional<CustodyEntry>> find(const VolumeIdentity& volume) const;
  // Of a bundle, by volume.
  Result<std::vector<CustodyEntry>> of_bundle(const std::string& stream,
                                              std::uint64_t bundle) const;
  // The highest bundle of the stream; 0 for none.
  Result<std::uint64_t> newest_bundle(const std::string& stream) const;
  // All of them, by stream, bundle and volume.
  Result<std::vector<CustodyEntry>> all() const;

 private:
  Result<std::vector<CustodyEntry>> with_prefix(const std::string& prefix) const;
  store::KeyValueStore& index_;
};

}  // namespace sluice::high
