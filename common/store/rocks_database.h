// One opening of a RocksDB folder. Private to the store: nothing else includes RocksDB's headers.
#pragma once

#include <rocksdb/db.h>

#include <array>
#include <memory>
#include <string>

#include "common/store/rocks_store.h"

namespace sluice::store {

// A RocksDB status that is not ok, as an Error about `folder`.
Error rocks_error(const std::string& folder, const rocksdb::Status& status);

// Closed when it is destroyed. Callable from any thread, as rocksdb::DB is.
class RocksDatabase {
 public:
  // Opens or makes it, and checks its format version.
  static Result<std::shared_ptr<RocksDatabase>> open(const RocksSettings& settings);

  RocksDatabase(const RocksDatabase&) = delete;
  RocksDatabase& operator=(const RocksDatabase&) = delete;
  ~RocksDatabase();

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* family(Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }

 private:
  RocksDatabase() = default;
  Result<void> check_format(const std::string& folder) const;
  Result<void> write_format(const std::string& folder) const;

  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* default_family_ = nullptr;  // RocksDB insists on one; unused
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families_{};
};

}  // namespace sluice::store
