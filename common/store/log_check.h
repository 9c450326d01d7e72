// Whether RocksDB's write-ahead log still has everything that was synced.
//
// After a crash the log may end in records that are torn or missing, which is right: they were not
// synced. But a record in its middle that does not check, because the disk spoiled it, ends the
// replay just as silently, and committed writes would be gone. So every synced batch also writes a
// mark: the sequence number through which everything had been synced before. If any mark that is
// left in the log's files names more than a replay brings, the log is damaged.
//
//   mark = sequence:u64 check:8    the first bytes of SHA-256 over the sequence; readable by
//   itself,
//                                  also in a record that does not check
#pragma once

#include <rocksdb/db.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/store/rocks_store.h"

namespace sluice::store {

inline constexpr std::string_view kMarkKey = "synced-through";  // of kMeta

std::string write_mark(std::uint64_t sequence);

// The highest mark in the log files of `folder`; 0 if there is none.
Result<std::uint64_t> highest_mark(rocksdb::Env& env, const std::string& folder);

// Before the folder is opened, because opening drops what cannot be replayed. kIntegrity: the log
// is damaged. What else is wrong with the folder is left for the opening to say.
Result<void> check_log(const rocksdb::DBOptions& options, const std::string& folder,
                       const std::vector<rocksdb::ColumnFamilyDescriptor>& families);

}  // namespace sluice::store
