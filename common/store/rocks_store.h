// The index in RocksDB: a column family for each Family, values of kBlobs in blob files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "common/store/key_value_store.h"

namespace rocksdb {
class Env;
}

namespace sluice::store {

struct RocksSettings {
  std::filesystem::path folder;  // made if it is not there
  // For all families together. Memory stays below their sum plus the indices of the open files.
  std::uint64_t block_cache_bytes = std::uint64_t{64} << 20;
  std::uint64_t write_buffer_bytes = std::uint64_t{64} << 20;
  // Half of systemd's default LimitNOFILE of 1024: sockets and open blobs need the rest.
  int max_open_files = 512;
  // After the disk was full, writing starts again when this much is free: enough to replay and
  // flush the write buffers.
  std::uint64_t resume_free_bytes = std::uint64_t{128} << 20;
  // Called once, on the thread that met it, when a write has failed for another reason than space
  // (kIo). From then on every write fails: what is on the disk shows at the next start.
  std::function<void(const Error&)> failed = [](const Error&) {};
  rocksdb::Env* env = nullptr;  // tests bring a disk that fails; otherwise the real one
};

// Errors name the folder. kRefused: another process has it open, or a newer version wrote it.
// kIntegrity: it is damaged. kExhausted: no space.
Result<std::unique_ptr<KeyValueStore>> open_rocks_store(const RocksSettings& settings);

}  // namespace sluice::store
