// The real file system with a disk that fills up.
#pragma once

#include <atomic>
#include <cerrno>
#include <memory>
#include <utility>

#include "common/base/file_system.h"

namespace sluice::test {

class FullDisk final : public FileSystem {
 public:
  // Bytes that may still be written; what exceeds them fails with ENOSPC, whole.
  std::atomic<std::uint64_t> room{UINT64_MAX};

  Result<std::unique_ptr<File>> open_for_reading(const std::filesystem::path& path) override {
    return real_.open_for_reading(path);
  }
  Result<std::unique_ptr<File>> open_for_writing(const std::filesystem::path& path) override {
    auto file = real_.open_for_writing(path);
    if (!file) {
      return file;
    }
    return std::unique_ptr<File>(new LimitedFile(*this, std::move(*file), path));
  }
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    return real_.rename(from, to);
  }
  Result<void> link(const std::filesystem::path& from, const std::filesystem::path& to) override {
    return real_.link(from, to);
  }
  Result<void> make_read_only(const std::filesystem::path& path) override {
    return real_.make_read_only(path);
  }
  Result<void> sync_directory(const std::filesystem::path& path) override {
    return real_.sync_directory(path);
  }
  Result<void> remove(const std::filesystem::path& path) override { return real_.remove(path); }
  Result<void> create_directories(const std::filesystem::path& path) override {
    return real_.create_directories(path);
  }
  Result<bool> exists(const std::filesystem::path& path) override { return real_.exists(path); }
  Result<void> list_files(const std::filesystem::path& path,
                          const std::function<void(std::string)>& each) override {
    return real_.list_files(path, each);
  }
  Result<std::uint64_t> free_bytes(const std::filesystem::path&) override { return room.load(); }

 private:
  class LimitedFile final : public File {
   public:
    LimitedFile(FullDisk& disk, std::unique_ptr<File> real, std::filesystem::path path)
        : disk_(disk), real_(std::move(real)), path_(std::move(path)) {}
    Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
      return real_->read_at(offset, into);
    }
    Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
      std::uint64_t room = disk_.room;
      do {
        if (bytes.size() > room) {
          return errno_error(path_.string(), ENOSPC);
        }
      } while (!disk_.room.compare_exchange_weak(room, room - bytes.size()));
      return real_->write_at(offset, bytes);
    }
    Result<void> sync() override { return real_->sync(); }
    Result<std::uint64_t> size() const override { return real_->size(); }
    int descriptor() const override { return real_->descriptor(); }

   private:
    FullDisk& disk_;
    std::unique_ptr<File> real_;
    std::filesystem::path path_;
  };

  FileSystem& real_ = posix_file_system();
};

}  // namespace sluice::test
