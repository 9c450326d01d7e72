#include "common/store/rocks_database.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <charconv>
#include <cstdarg>
#include <system_error>

#include "common/store/log_check.h"

namespace sluice::store {
namespace {

constexpr std::string_view kFormatKey = "format-version";
constexpr unsigned kFormatVersion = 2;

// Below it a value stays beside its key: reading it then costs one disk access instead of two.
constexpr std::uint64_t kMinBlobFileValueBytes = 4096;
// A family's memtable; four of them fit the default budget of all families.
constexpr std::size_t kFamilyWriteBufferBytes = std::size_t{16} << 20;
// Of a memtable, for a Bloom filter of its keys: 10 bits and more for an entry of 100 bytes.
constexpr double kMemtableFilterShare = 0.02;
// What a start has to replay at the most.
constexpr std::uint64_t kMaxWalBytes = std::uint64_t{256} << 20;

// RocksDB's own log file would be its weakest point: after a line that could not be written (a full
// disk) the next one ends the process by an assertion, which Debian's build keeps. What matters of
// it comes back as a status.
class NoLog final : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char* /*format*/, std::va_list /*values*/) override {}
};

rocksdb::DBOptions database_options(const RocksSettings& settings) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // The log is replayed up to the first record that does not check, so that a later write never
  // comes back without the earlier ones. What a crash tore is unsynced; check_log() tells it from
  // damage.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.max_open_files = settings.max_open_files;
  options.db_write_buffer_size = settings.write_buffer_bytes;
  options.max_total_wal_size = kMaxWalBytes;
  options.max_background_jobs = 2;
  options.bytes_per_sync = std::uint64_t{1} << 20;
  options.info_log = std::make_shared<NoLog>();
  options.stats_dump_period_sec = 0;
  if (settings.env != nullptr) {
    options.env = settings.env;
  }
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> descriptors(const RocksSettings& settings) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(settings.block_cache_bytes);
  // Debian's RocksDB is built for any x86-64, and takes CRC-32C from a table there.
  table.checksum = rocksdb::kXXH3;
  table.cache_index_and_filter_blocks = true;  // else they grow outside of the cache's bound
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = kFamilyWriteBufferBytes;
  // Whether something is held is mostly asked of what is not: then no tree needs to be searched, be
  // it in memory or in a file.
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = kMemtableFilterShare;

  std::vector<rocksdb::ColumnFamilyDescriptor> all;
  all.emplace_back(rocksdb::kDefaultColumnFamilyName, options);
  for (std::size_t i = 0; i < kFamilies; ++i) {
    const auto family = static_cast<Family>(i);
    rocksdb::ColumnFamilyOptions own = options;
    if (family == Family::kBlobs) {
      own.enable_blob_files = true;
      own.min_blob_size = kMinBlobFileValueBytes;
      own.enable_blob_garbage_collection = true;
    }
    all.emplace_back(std::string(to_string(family)), own);
  }
  return all;
}

bool mentions(const std::string& text, std::string_view word) {
  return text.find(word) != std::string::npos;
}

Error newer_format(const std::string& folder, const std::string& what) {
  return {ErrorCode::kRefused, folder, what,
          "install the version that wrote it, or give this one another folder"};
}

}  // namespace

Error rocks_error(const std::string& folder, const rocksdb::Status& status) {
  const std::string text = status.ToString();
  if (status.IsNoSpace() || mentions(text, std::generic_category().message(EDQUOT))) {
    return {ErrorCode::kExhausted, folder, text,
            "free space on that file system (df, df -i); writing goes on by itself"};
  }
  if (mentions(text, std::generic_category().message(EMFILE))) {
    return {ErrorCode::kExhausted, folder, text, "raise LimitNOFILE"};
  }
  if (status.IsCorruption()) {
    return {ErrorCode::kIntegrity, folder, "is damaged: " + text,
            "check the disk, and restore this folder from a backup"};
  }
  if (status.IsIOError() && (mentions(text, "lock hold") || mentions(text, "While lock file"))) {
    return {ErrorCode::kRefused, folder, "another process has it open: " + text,
            "stop that process, or give this one another folder"};
  }
  if (status.IsInvalidArgument() && mentions(text, "olumn famil")) {
    return newer_format(folder, "holds what this version does not know: " + text);
  }
  if (status.IsBusy() || status.IsTimedOut() || status.IsTryAgain() || status.IsIncomplete()) {
    return {ErrorCode::kUnavailable, folder, text, ""};
  }
  return {ErrorCode::kIo, folder, text, "check the disk and the folder's owner and mode"};
}

RocksDatabase::~RocksDatabase() {
  if (!db_) {
    return;
  }
  for (rocksdb::ColumnFamilyHandle* handle : families_) {
    if (handle != nullptr) {
      db_->DestroyColumnFamilyHandle(handle);
    }
  }
  if (default_family_ != nullptr) {
    db_->DestroyColumnFamilyHandle(default_family_);
  }
}

Result<std::shared_ptr<RocksDatabase>> RocksDatabase::open(const RocksSettings& settings) {
  const std::string folder = settings.folder.string();
  std::error_code error;
  std::filesystem::create_directories(settings.folder, error);
  if (error) {
    return errno_error(folder, error.value());
  }
  std::shared_ptr<RocksDatabase> database(new RocksDatabase);
  const rocksdb::DBOptions options = database_options(settings);
  const auto families = descriptors(settings);
  SLUICE_TRY_VOID(check_log(options, folder, families));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(options, folder, families, &handles, &db);
  if (!status.ok()) {
    return rocks_error(folder, status);
  }
  database->db_.reset(db);
  database->default_family_ = handles.front();
  std::copy(handles.begin() + 1, handles.end(), database->families_.begin());
  SLUICE_TRY_VOID(database->check_format(folder));
  return database;
}

Result<void> RocksDatabase::write_format(const std::string& folder) const {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status status =
      db_->Put(synced, family(Family::kMeta), rocksdb::Slice(kFormatKey.data(), kFormatKey.size()),
               std::to_string(kFormatVersion));
  return status.ok() ? Result<void>() : rocks_error(folder, status);
}

Result<void> RocksDatabase::check_format(const std::string& folder) const {
  std::string text;
  const rocksdb::Slice key(kFormatKey.data(), kFormatKey.size());
  const rocksdb::Status status =
      db_->Get(rocksdb::ReadOptions(), family(Family::kMeta), key, &text);
  if (status.IsNotFound()) {
    return write_format(folder);
  }
  if (!status.ok()) {
    return rocks_error(folder, status);
  }
  unsigned version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version == 0) {
    return Error{ErrorCode::kIntegrity, folder, "its format version is not a number",
                 "restore this folder from a backup"};
  }
  if (version > kFormatVersion) {
    return newer_format(folder, "has format " + text + ", and this version reads up to " +
                                    std::to_string(kFormatVersion));
  }
  // What was written as an older format reads as it is; what is written from now on does not read
  // as one.
  return version < kFormatVersion ? write_format(folder) : Result<void>();
}

}  // namespace sluice::store
