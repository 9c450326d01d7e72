// A RocksDB environment whose disk can be filled, or fail.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>

namespace sluice::test {

class FullRocksDisk final : public rocksdb::FileSystemWrapper {
 public:
  enum class State {
    kFree,
    kRefusesWrites,  // appending fails
    kRefusesSyncs,   // appending works, but what was appended cannot be made durable
    kHasNoInodes,    // there are bytes, but no file can be made, and appending fails
    kIsBeyondQuota,  // there are bytes, but not for this user
    kFails,          // appending fails with EIO
  };

  FullRocksDisk() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  void set(State state) { state_ = state; }

  const char* Name() const override { return "FullRocksDisk"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options,
                                 std::uint64_t* free, rocksdb::IODebugContext* context) override;

 private:
  std::atomic<State> state_ = State::kFree;
};

}  // namespace sluice::test
