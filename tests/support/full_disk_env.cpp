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
    return state_ == State::kRefusesWrites
               ? IOStatus::NoSpace("no space")
               : FSWritableFileOwnerWrapper::Append(data, options, context);
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& /*info*/, IODebugContext* context) override {
    return Append(data, options, context);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    return state_ != State::kFree ? IOStatus::NoSpace("no space")
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
  std::unique_ptr<rocksdb::FSWritableFile> file;
  IOStatus status = FileSystemWrapper::NewWritableFile(name, options, &file, context);
  if (status.ok()) {
    *result = std::make_unique<File>(std::move(file), state_);
  }
  return status;
}

IOStatus FullRocksDisk::GetFreeSpace(const std::string& path, const IOOptions& options,
                                     std::uint64_t* free, IODebugContext* context) {
  if (state_ != State::kFree) {
    *free = 0;
    return IOStatus::OK();
  }
  return FileSystemWrapper::GetFreeSpace(path, options, free, context);
}

}  // namespace sluice::test
