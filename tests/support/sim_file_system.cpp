#include "tests/support/sim_file_system.h"

#include <algorithm>
#include <cerrno>

namespace sluice::test {
namespace {

namespace fs = std::filesystem;

std::string normal(const fs::path& path) {
  std::string text = fs::absolute(path).lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) {
    text.pop_back();
  }
  return text;
}

bool is_below(std::string_view path, std::string_view folder) {
  return folder == "/" ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

}  // namespace

struct SimFileSystem::Disk {
  FaultPlan& plan;
  std::shared_ptr<DiskSpace> space;
  std::mutex mutex;
  SimNames names;
  std::uint64_t crashes = 0;

  // The plan's error, or that of a folder that is not there.
  Result<void> may(Operation operation, const std::string& path) {
    if (auto error = plan.next(operation, path)) {
      return std::move(*error);
    }
    return {};
  }
  Result<void> folder_is_there(const std::string& path) const {
    const SimNames::Node* const node = names.find(path);
    if (node == nullptr || node->file) {
      return errno_error(path, node == nullptr ? ENOENT : ENOTDIR);
    }
    return {};
  }
  Result<std::shared_ptr<SimFile>> file(const std::string& path) const {
    const SimNames::Node* const node = names.find(path);
    if (node == nullptr || !node->file) {
      return errno_error(path, node == nullptr ? ENOENT : EISDIR);
    }
    return node->file;
  }
  // A name that is to be made in its folder.
  Result<void> may_name(const std::string& path) const {
    SLUICE_TRY_VOID(folder_is_there(SimNames::parent(path)));
    if (space->free() < kSimSectorBytes) {
      return errno_error(path, ENOSPC);
    }
    return {};
  }
};

class SimFileSystem::OpenFile final : public File {
 public:
  OpenFile(std::shared_ptr<Disk> disk, std::shared_ptr<SimFile> file, std::string path,
           bool writable)
      : disk_(std::move(disk)),
        file_(std::move(file)),
        path_(std::move(path)),
        opened_(disk_->crashes),
        writable_(writable) {}

  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    const std::lock_guard lock(disk_->mutex);
    SLUICE_TRY_VOID(may(Operation::kRead));
    const Bytes& bytes = file_->bytes();
    if (offset > bytes.size() || into.size() > bytes.size() - offset) {
      return Error{ErrorCode::kIntegrity, path_,
                   "ends at byte " + std::to_string(bytes.size()) + ", before what was asked for",
                   ""};
    }
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return {};
  }

  Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
    const std::lock_guard lock(disk_->mutex);
    SLUICE_TRY_VOID(may(Operation::kWrite));
    if (!writable_) {
      return errno_error(path_, EBADF);
    }
    if (!file_->write(offset, bytes)) {
      return errno_error(path_, ENOSPC);
    }
    return {};
  }

  Result<void> sync() override {
    const std::lock_guard lock(disk_->mutex);
    SLUICE_TRY_VOID(may_sync());
    file_->sync();
    return {};
  }

  // It fails as a sync does and keeps nothing over a crash for certain.
  Result<void> finish_writing(std::uint64_t /*offset*/, std::uint64_t /*length*/) override {
    const std::lock_guard lock(disk_->mutex);
    return may_sync();
  }

  Result<std::uint64_t> size() const override {
    const std::lock_guard lock(disk_->mutex);
    SLUICE_TRY_VOID(may(Operation::kRead));
    return file_->bytes().size();
  }

  int descriptor() const override { return -1; }

 private:
  Result<void> may(Operation operation) const {
    if (opened_ != disk_->crashes) {
      return Error{ErrorCode::kIo, path_, "was open when the power failed", "open it again"};
    }
    return disk_->may(operation, path_);
  }

  Result<void> may_sync() const {
    auto refused = may(Operation::kSync);
    if (!refused && opened_ == disk_->crashes && !disk_->plan.crashed()) {
      file_->fail_sync();
    }
    return refused;
  }

  const std::shared_ptr<Disk> disk_;
  const std::shared_ptr<SimFile> file_;
  const std::string path_;
  const std::uint64_t opened_;
  const bool writable_;
};

SimFileSystem::SimFileSystem(FaultPlan& plan, std::shared_ptr<DiskSpace> space)
    : disk_(new Disk{plan, std::move(space), {}, {}, 0}) {}

void SimFileSystem::crash(Loss loss, std::uint64_t seed) {
  const std::lock_guard lock(disk_->mutex);
  ++disk_->crashes;
  std::mt19937_64 random(seed);
  disk_->names.crash(loss, random);
}

void SimFileSystem::write_back() {
  const std::lock_guard lock(disk_->mutex);
  disk_->names.sync_all();
  for (const auto& [path, node] : disk_->names.all()) {
    if (node.file) {
      node.file->sync();
    }
  }
}

bool SimFileSystem::rot(const fs::path& path, std::uint64_t bit) {
  const std::lock_guard lock(disk_->mutex);
  const auto file = disk_->file(normal(path));
  if (!file || (*file)->bytes().empty()) {
    return false;
  }
  (*file)->rot(bit);
  return true;
}

std::optional<fs::path> SimFileSystem::rot_any(const fs::path& folder, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<fs::path> files = files_below(folder);
  while (!files.empty()) {
    const auto chosen = files.begin() + static_cast<std::ptrdiff_t>(random() % files.size());
    if (rot(*chosen, random())) {
      return *chosen;
    }
    files.erase(chosen);
  }
  return std::nullopt;
}

std::vector<fs::path> SimFileSystem::files_below(const fs::path& folder) const {
  const std::lock_guard lock(disk_->mutex);
  std::vector<fs::path> files;
  for (const auto& [path, node] : disk_->names.all()) {
    if (node.file && is_below(path, normal(folder))) {
      files.emplace_back(path);
    }
  }
  return files;
}

Result<std::unique_ptr<File>> SimFileSystem::open_for_reading(const fs::path& path) {
  const std::string name = normal(path);
  const std::lock_guard lock(disk_->mutex);
  SLUICE_TRY_VOID(disk_->may(Operation::kOpen, name));
  SLUICE_TRY(auto file, disk_->file(name));
  return std::unique_ptr<File>(new OpenFile(disk_, std::move(file), name, false));
}

Result<std::unique_ptr<File>> SimFileSystem::open_for_writing(const fs::path& path) {
  const std::string name = normal(path);
  const std::lock_guard lock(disk_->mutex);
  if (disk_->names.find(name) == nullptr) {
    SLUICE_TRY_VOID(disk_->may(Operation::kCreate, name));
    SLUICE_TRY_VOID(disk_->may_name(name));
    disk_->names.change(SimNames::parent(name),
                        {{name, SimNames::Node{std::make_shared<SimFile>(disk_->space)}}});
  } else {
    SLUICE_TRY_VOID(disk_->may(Operation::kOpen, name));
  }
  SLUICE_TRY(auto file, disk_->file(name));
  if (file->read_only()) {
    return errno_error(name, EACCES);
  }
  return std::unique_ptr<File>(new OpenFile(disk_, std::move(file), name, true));
}

Result<void> SimFileSystem::rename(const fs::path& from, const fs::path& to) {
  const std::string old_name = normal(from);
  const std::string new_name = normal(to);
  const std::lock_guard lock(disk_->mutex);
  SLUICE_TRY_VOID(disk_->may(Operation::kRename, old_name));
  SLUICE_TRY(auto file, disk_->file(old_name));
  SLUICE_TRY_VOID(disk_->folder_is_there(SimNames::parent(new_name)));
  const SimNames::Node* const replaced = disk_->names.find(new_name);
  if (replaced != nullptr && !replaced->file) {
    return errno_error(new_name, EISDIR);
  }
  if (replaced == nullptr || replaced->file != file) {  // else rename(2) does nothing
    disk_->names.change(SimNames::parent(new_name),
                        {{old_name, std::nullopt}, {new_name, SimNames::Node{std::move(file)}}});
  }
  return {};
}

Result<void> SimFileSystem::link(const fs::path& from, const fs::path& to) {
  const std::string old_name = normal(from);
  const std::string new_name = normal(to);
  const std::lock_guard lock(disk_->mutex);
  SLUICE_TRY_VOID(disk_->may(Operation::kRename, old_name));
  SLUICE_TRY(auto file, disk_->file(old_name));
  if (disk_->names.find(new_name) != nullptr) {
    Error error = errno_error(old_name + " -> " + new_name, EEXIST);
    error.code = ErrorCode::kInvalid;
    return error;
  }
  SLUICE_TRY_VOID(disk_->may_name(new_name));
  disk_->names.change(SimNames::parent(new_name), {{new_name, SimNames::Node{std::move(file)}}});
  return {};
}

Result<void> SimFileSystem::make_read_only(const fs::path& path) {
  const std::string name = normal(path);
  const std::lock_guard lock(disk_->mutex);
  SLUICE_TRY_VOID(disk_->may(Operation::kRead, name));
  SLUICE_TRY(const auto file, disk_->file(name));
  file->make_read_only();
  return {};
}

Result<void> SimFileSystem::sync_directory(const fs::path& path) {
  const std::string name = normal(path);
  const std::lock_guard lock(disk_->mutex);
  SLUICE_TRY_VOID(disk_->may(Operation::kSyncFolder, name));
  SLUICE_TRY_VOID(disk_->folder_is_there(name));
  disk_->names.sync(name);
  return {};
}

Result<void> SimFileSystem::remove(const fs::path& path) {
  const std::string name = normal(path);
  const std::lock_guard lock(disk_->mutex);
  SLUICE_TRY_VOID(disk_->may(Operation::kRemove, name));
  const SimNames::Node* const node = disk_->names.find(name);
  if (node != nullptr && !node->file) {
    return errno_error(name, EISDIR);
  }
  if (node != nullptr) {
    disk_->names.change(SimNames::parent(name), {{name, std::nullopt}});
  }
  return {};
}

Result<void> SimFileSystem::punch_hole(const fs::path& path, std::uint64_t offset,
                                       std::uint64_t length) {
  const std::string name = normal(path);
  const std::lock_guard lock(disk_->mutex);
  SLUICE_TRY_VOID(disk_->may(Operation::kPunch, name));
  SLUICE_TRY(const auto file, disk_->file(name));
  if (file->read_only()) {
    return errno_error(name, EACCES);
  }
  file->punch(offset, length);
  return {};
}

Result<std::uint64_t> SimFileSystem::allocated_bytes(const fs::path& path) {
  const std::string name = normal(path);
  const std::lock_guard lock(disk_->mutex);
  SLUICE_TRY_VOID(disk_->may(Operation::kRead, name));
  SLUICE_TRY(const auto file, disk_->file(name));
  return file->allocated();
}

Result<void> SimFileSystem::create_directories(const fs::path& path) {
  const std::string name = normal(path);
  std::vector<std::string> missing;
  const std::lock_guard lock(disk_->mutex);
  std::string at = name;
  for (; disk_->names.find(at) == nullptr; at = SimNames::parent(at)) {
    missing.push_back(at);
  }
  SLUICE_TRY_VOID(disk_->folder_is_there(at));
  for (; !missing.empty(); missing.pop_back()) {
    SLUICE_TRY_VOID(disk_->may(Operation::kCreate, missing.back()));
    SLUICE_TRY_VOID(disk_->may_name(missing.back()));
    disk_->names.change(SimNames::parent(missing.back()), {{missing.back(), SimNames::Node{}}});
  }
  return {};
}

Result<bool> SimFileSystem::exists(const fs::path& path) {
  const std::string name = normal(path);
  const std::lock_guard lock(disk_->mutex);
  SLUICE_TRY_VOID(disk_->may(Operation::kRead, name));
  return disk_->names.find(name) != nullptr;
}

Result<void> SimFileSystem::list_files(const fs::path& path,
                                       const std::function<void(std::string name)>& each) {
  const std::string name = normal(path);
  std::vector<std::string> found;
  {
    const std::lock_guard lock(disk_->mutex);
    SLUICE_TRY_VOID(disk_->may(Operation::kRead, name));
    SLUICE_TRY_VOID(disk_->folder_is_there(name));
    for (const auto& [each_path, node] : disk_->names.all()) {
      if (node.file && SimNames::parent(each_path) == name) {
        found.push_back(fs::path(each_path).filename().string());
      }
    }
  }
  for (std::string& file : found) {
    each(std::move(file));
  }
  return {};
}

Result<std::uint64_t> SimFileSystem::free_bytes(const fs::path& path) {
  const std::lock_guard lock(disk_->mutex);
  SLUICE_TRY_VOID(disk_->may(Operation::kRead, normal(path)));
  return disk_->space->free();
}

}  // namespace sluice::test
