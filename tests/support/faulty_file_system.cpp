#include "tests/support/faulty_file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <list>
#include <map>
#include <optional>
#include <random>
#include <system_error>

namespace sluice::test {
namespace {

namespace fs = std::filesystem;

// What a name stood for before it was changed: nothing, or the file that `saved` still links to.
struct NameChange {
  fs::path name;
  fs::path saved;  // empty: there was no such name
  bool folder = false;
};

// One operation on names; durable when the folder `synced_by` is synced.
struct NameOperation {
  fs::path synced_by;
  std::vector<NameChange> changes;
};

// Bytes of a file before they were written over.
struct OldBytes {
  std::uint64_t offset;
  Bytes bytes;
  std::uint64_t size;  // of the whole file
};

struct OldContent {
  int descriptor;
  std::vector<OldBytes> writes;  // oldest first
};

}  // namespace

// What a crash can take back.
class FaultyFileSystem::Journal {
 public:
  explicit Journal(fs::path scratch) : scratch_(std::move(scratch)) {}
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal() {
    for (const auto& [inode, content] : contents_) {
      ::close(content.descriptor);
    }
  }

  // Called before the names are changed.
  void names(fs::path synced_by, const std::vector<fs::path>& names, bool folder = false) {
    const std::lock_guard lock(mutex_);
    NameOperation operation{std::move(synced_by), {}};
    for (const fs::path& name : names) {
      NameChange change{name, {}, folder};
      std::error_code error;
      if (!folder && fs::exists(name, error)) {
        change.saved = scratch_ / std::to_string(next_saved_++);
        fs::create_hard_link(name, change.saved);
      }
      operation.changes.push_back(std::move(change));
    }
    names_.push_back(std::move(operation));
  }
  void names_synced(const fs::path& folder) {
    const std::lock_guard lock(mutex_);
    names_.remove_if([&](const NameOperation& operation) { return operation.synced_by == folder; });
  }

  // Called before [offset, offset + count) is written.
  void bytes(const File& file, std::uint64_t offset, std::size_t count) {
    const std::lock_guard lock(mutex_);
    const auto [at, added] = contents_.try_emplace(inode(file), OldContent{-1, {}});
    if (added) {
      const std::string path = "/proc/self/fd/" + std::to_string(file.descriptor());
      at->second.descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
      SLUICE_ASSERT(at->second.descriptor >= 0);
    }
    const std::uint64_t size = file.size().value();
    Bytes old(offset < size ? std::min<std::uint64_t>(count, size - offset) : 0);
    file.read_at(offset, old).value();
    at->second.writes.push_back({offset, std::move(old), size});
  }
  void bytes_synced(const File& file) {
    const std::lock_guard lock(mutex_);
    if (const auto at = contents_.find(inode(file)); at != contents_.end()) {
      ::close(at->second.descriptor);
      contents_.erase(at);
    }
  }

  void take_back(Loss loss, std::uint64_t seed) {
    const std::lock_guard lock(mutex_);
    std::mt19937_64 random(seed);
    for (auto& [inode, content] : contents_) {
      if (loss == Loss::kAll || (loss == Loss::kRandom && random() % 2 == 0)) {
        restore(content);
      }
      ::close(content.descriptor);
    }
    contents_.clear();
    std::size_t lost = loss == Loss::kAll ? names_.size() : 0;
    if (loss == Loss::kRandom) {
      lost = std::uniform_int_distribution<std::size_t>(0, names_.size())(random);
    }
    for (; lost > 0; --lost) {
      restore(names_.back());
      names_.pop_back();
    }
    names_.clear();
  }

 private:
  static ino_t inode(const File& file) {
    struct stat info{};
    SLUICE_ASSERT(::fstat(file.descriptor(), &info) == 0);
    return info.st_ino;
  }

  static void restore(const OldContent& content) {
    for (auto at = content.writes.rbegin(); at != content.writes.rend(); ++at) {
      const ssize_t put = ::pwrite(content.descriptor, at->bytes.data(), at->bytes.size(),
                                   static_cast<off_t>(at->offset));
      SLUICE_ASSERT(put == static_cast<ssize_t>(at->bytes.size()));
      SLUICE_ASSERT(::ftruncate(content.descriptor, static_cast<off_t>(at->size)) == 0);
    }
  }

  static void restore(const NameOperation& operation) {
    for (const NameChange& change : operation.changes) {
      std::error_code error;
      if (change.folder) {
        fs::remove_all(change.name, error);
        continue;
      }
      fs::remove(change.name, error);
      if (!change.saved.empty()) {
        fs::create_hard_link(change.saved, change.name);
      }
    }
  }

  const fs::path scratch_;
  std::mutex mutex_;
  std::uint64_t next_saved_ = 0;
  std::list<NameOperation> names_;        // oldest first
  std::map<ino_t, OldContent> contents_;  // by inode: the same under every name
};

class FaultyFileSystem::TrackedFile final : public File {
 public:
  TrackedFile(FaultPlan& plan, std::shared_ptr<Journal> journal, std::unique_ptr<File> file,
              std::string path)
      : plan_(plan), journal_(std::move(journal)), file_(std::move(file)), path_(std::move(path)) {}

  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    if (auto error = plan_.next(Operation::kRead, path_)) {
      return *error;
    }
    return file_->read_at(offset, into);
  }
  Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
    if (auto error = plan_.next(Operation::kWrite, path_)) {
      return *error;
    }
    journal_->bytes(*file_, offset, bytes.size());
    return file_->write_at(offset, bytes);
  }
  Result<void> sync() override {
    if (auto error = plan_.next(Operation::kSync, path_)) {
      return *error;
    }
    journal_->bytes_synced(*file_);
    return {};  // the real disk is left alone: no test pulls its plug
  }
  Result<void> finish_writing(std::uint64_t /*offset*/, std::uint64_t /*length*/) override {
    if (auto error = plan_.next(Operation::kSync, path_)) {
      return *error;
    }
    return {};  // nothing is durable by it
  }
  Result<std::uint64_t> size() const override { return file_->size(); }
  int descriptor() const override { return file_->descriptor(); }

 private:
  FaultPlan& plan_;
  std::shared_ptr<Journal> journal_;
  std::unique_ptr<File> file_;
  std::string path_;
};

FaultyFileSystem::FaultyFileSystem(FaultPlan& plan, fs::path scratch)
    : plan_(plan), journal_(std::make_shared<Journal>(std::move(scratch))) {}

FaultyFileSystem::~FaultyFileSystem() = default;

void FaultyFileSystem::crash(Loss loss, std::uint64_t seed) { journal_->take_back(loss, seed); }

Result<std::unique_ptr<File>> FaultyFileSystem::open_for_reading(const fs::path& path) {
  if (auto error = plan_.next(Operation::kOpen, path.string())) {
    return *error;
  }
  SLUICE_TRY(auto file, posix_file_system().open_for_reading(path));
  return std::unique_ptr<File>(
      std::make_unique<TrackedFile>(plan_, journal_, std::move(file), path.string()));
}

Result<std::unique_ptr<File>> FaultyFileSystem::open_for_writing(const fs::path& path) {
  SLUICE_TRY(const bool there, posix_file_system().exists(path));
  if (!there) {
    if (auto error = plan_.next(Operation::kCreate, path.string())) {
      return *error;
    }
    journal_->names(path.parent_path(), {path});
  } else if (auto error = plan_.next(Operation::kOpen, path.string())) {
    return *error;
  }
  SLUICE_TRY(auto file, posix_file_system().open_for_writing(path));
  return std::unique_ptr<File>(
      std::make_unique<TrackedFile>(plan_, journal_, std::move(file), path.string()));
}

Result<void> FaultyFileSystem::rename(const fs::path& from, const fs::path& to) {
  if (auto error = plan_.next(Operation::kRename, from.string())) {
    return *error;
  }
  journal_->names(to.parent_path(), {from, to});
  return posix_file_system().rename(from, to);
}

Result<void> FaultyFileSystem::link(const fs::path& from, const fs::path& to) {
  if (auto error = plan_.next(Operation::kRename, from.string())) {
    return *error;
  }
  journal_->names(to.parent_path(), {to});
  return posix_file_system().link(from, to);
}

Result<void> FaultyFileSystem::make_read_only(const fs::path& path) {
  if (auto error = plan_.next(Operation::kRead, path.string())) {
    return *error;
  }
  return posix_file_system().make_read_only(path);
}

Result<void> FaultyFileSystem::sync_directory(const fs::path& path) {
  if (auto error = plan_.next(Operation::kSyncFolder, path.string())) {
    return *error;
  }
  journal_->names_synced(path);
  return {};
}

Result<void> FaultyFileSystem::remove(const fs::path& path) {
  if (auto error = plan_.next(Operation::kRemove, path.string())) {
    return *error;
  }
  journal_->names(path.parent_path(), {path});
  return posix_file_system().remove(path);
}

Result<void> FaultyFileSystem::punch_hole(const fs::path& path, std::uint64_t offset,
                                          std::uint64_t length) {
  if (auto error = plan_.next(Operation::kPunch, path.string())) {
    return *error;
  }
  SLUICE_TRY(const auto file, posix_file_system().open_for_reading(path));
  journal_->bytes(*file, offset, length);
  return posix_file_system().punch_hole(path, offset, length);
}

Result<std::uint64_t> FaultyFileSystem::allocated_bytes(const fs::path& path) {
  if (auto error = plan_.next(Operation::kRead, path.string())) {
    return *error;
  }
  return posix_file_system().allocated_bytes(path);
}

Result<void> FaultyFileSystem::create_directories(const fs::path& path) {
  SLUICE_TRY(const bool there, exists(path));
  if (there) {
    return {};
  }
  SLUICE_TRY_VOID(create_directories(path.parent_path()));
  if (auto error = plan_.next(Operation::kCreate, path.string())) {
    return *error;
  }
  journal_->names(path.parent_path(), {path}, true);
  return posix_file_system().create_directories(path);
}

Result<bool> FaultyFileSystem::exists(const fs::path& path) {
  if (auto error = plan_.next(Operation::kRead, path.string())) {
    return *error;
  }
  return posix_file_system().exists(path);
}

Result<void> FaultyFileSystem::list_files(const fs::path& path,
                                          const std::function<void(std::string name)>& each) {
  if (auto error = plan_.next(Operation::kRead, path.string())) {
    return *error;
  }
  return posix_file_system().list_files(path, each);
}

Result<std::uint64_t> FaultyFileSystem::free_bytes(const fs::path& path) {
  return posix_file_system().free_bytes(path);
}

}  // namespace sluice::test
