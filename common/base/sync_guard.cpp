#include "common/base/sync_guard.h"

namespace sluice {

namespace fs = std::filesystem;

class SyncGuard::GuardedFile final : public File {
 public:
  GuardedFile(SyncGuard& guard, std::unique_ptr<File> file)
      : guard_(guard), file_(std::move(file)) {}

  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    return file_->read_at(offset, into);
  }
  Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
    return file_->write_at(offset, bytes);
  }
  Result<void> sync() override {
    return guard_.guarded([this] { return file_->sync(); });
  }
  void start_writing(std::uint64_t offset, std::uint64_t length) override {
    file_->start_writing(offset, length);
  }
  Result<void> finish_writing(std::uint64_t offset, std::uint64_t length) override {
    return guard_.guarded([&] { return file_->finish_writing(offset, length); });
  }
  void drop_from_cache(std::uint64_t offset, std::uint64_t length) override {
    file_->drop_from_cache(offset, length);
  }
  Result<std::uint64_t> size() const override { return file_->size(); }
  int descriptor() const override { return file_->descriptor(); }

  File* inner() const { return file_.get(); }

 private:
  SyncGuard& guard_;
  std::unique_ptr<File> file_;
};

SyncGuard::SyncGuard(FileSystem& files, std::function<void(const Error&)> failed)
    : files_(files), failed_(std::move(failed)) {}

SyncGuard::~SyncGuard() = default;

Result<void> SyncGuard::guarded(const std::function<Result<void>()>& sync) {
  {
    const std::lock_guard lock(mutex_);
    if (failure_) {
      return *failure_;
    }
  }
  Result<void> synced = sync();  // without the lock: others may sync meanwhile
  if (synced || synced.error().code != ErrorCode::kIo) {
    return synced;
  }
  {
    const std::lock_guard lock(mutex_);
    if (failure_) {
      return *failure_;
    }
    failure_ = synced.error();
  }
  failed_(synced.error());
  return synced;
}

Result<std::unique_ptr<File>> SyncGuard::open_for_reading(const fs::path& path) {
  // It can be synced too: that is how what somebody else has written is made durable.
  SLUICE_TRY(auto file, files_.open_for_reading(path));
  return std::unique_ptr<File>(std::make_unique<GuardedFile>(*this, std::move(file)));
}

Result<std::unique_ptr<File>> SyncGuard::open_for_writing(const fs::path& path) {
  SLUICE_TRY(auto file, files_.open_for_writing(path));
  return std::unique_ptr<File>(std::make_unique<GuardedFile>(*this, std::move(file)));
}

Result<void> SyncGuard::rename(const fs::path& from, const fs::path& to) {
  return files_.rename(from, to);
}

Result<void> SyncGuard::link(const fs::path& from, const fs::path& to) {
  return files_.link(from, to);
}

Result<void> SyncGuard::make_read_only(const fs::path& path) { return files_.make_read_only(path); }

Result<void> SyncGuard::sync_all(const std::vector<File*>& files) {
  std::vector<File*> inner;
  inner.reserve(files.size());
  for (File* const file : files) {
    inner.push_back(static_cast<GuardedFile*>(file)->inner());
  }
  return guarded([&] { return files_.sync_all(inner); });
}

Result<void> SyncGuard::sync_directory(const fs::path& path) {
  return guarded([&] { return files_.sync_directory(path); });
}

Result<void> SyncGuard::remove(const fs::path& path) { return files_.remove(path); }

Result<void> SyncGuard::punch_hole(const fs::path& path, std::uint64_t offset,
                                   std::uint64_t length) {
  return files_.punch_hole(path, offset, length);
}

Result<std::uint64_t> SyncGuard::allocated_bytes(const fs::path& path) {
  return files_.allocated_bytes(path);
}

Result<void> SyncGuard::create_directories(const fs::path& path) {
  return files_.create_directories(path);
}

Result<bool> SyncGuard::exists(const fs::path& path) { return files_.exists(path); }

Result<void> SyncGuard::list_files(const fs::path& path,
                                   const std::function<void(std::string name)>& each) {
  return files_.list_files(path, each);
}

Result<std::uint64_t> SyncGuard::free_bytes(const fs::path& path) {
  return files_.free_bytes(path);
}

}  // namespace sluice
