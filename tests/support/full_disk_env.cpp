#include "tests/support/full_disk_env.h"

namespace sluice::test {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using State = FullRocksDisk::State;

class File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<rocksdb::FSWritableFile> file, const std::atomic<State>& state)
      : FSWritableFileOwnerWrapper(std::move(file)), state_(state) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* context) override {
    switch (state_.load()) {
      case State::kFree:
      case State::kRefusesSyncs:
        return FSWritableFileOwnerWrapper::Append(data, options, context);
      case State::kRefusesWrites:
      case State::kHasNoInodes:
      case State::kIsBeyondQuota:
        return IOStatus::NoSpace("no space");
      case State::kFails:
        return IOStatus::IOError("Input/output error");
    }
    return IOStatus::NotSupported();
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& /*info*/, IODebugContext* context) override {
    return Append(data, options, context);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    return state_ == State::kRefusesWrites || state_ == State::kRefusesSyncs
               ? IOStatus::NoSpace("no space")
               : FSWritableFileOwnerWrapper::Sync(options, context);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    return Sync(options, context);
  }

 private:
  const std::atomic<State>& state_;
};

}  // namespace

IOStatus FullRocksDisk::NewWritableFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSWritableFile>* result,
                                        IODebugContext* context) {
  if (state_ == State::kHasNoInodes) {
    return IOStatus::NoSpace("no inodes");
  }
  std::unique_ptr<rocksdb::FSWritableFile> file;
  IOStatus status = FileSystemWrapper::NewWritableFile(name, options, &file, context);
  if (status.ok()) {
    *result = std::make_unique<File>(std::move(file), state_);
  }
  return status;
}

IOStatus FullRocksDisk::GetFreeSpace(const std::string& path, const IOOptions& options,
                                     std::uint64_t* free, IODebugContext* context) {
  if (state_ == State::kRefusesWrites || state_ == State::kRefusesSyncs) {
    *free = 0;
    return IOStatus::OK();
  }
  return FileSystemWrapper::GetFreeSpace(path, options, free, context);
}

}  // namespace sluice::test
