#include "lowside/pipeline/drop_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/hasher.h"
#include "common/ecosystem/files/document_name.h"

namespace sluice::low {
namespace {

// A drop folder is for what people bring; more files than this are a mirror of something.
constexpr std::size_t kMaxFiles = 100'000;
constexpr int kMaxDepth = 32;
constexpr std::size_t kCopyBytes = std::size_t{1} << 20;  // larger pieces hash no faster

bool is_ignored(const std::string& name) {
  return name.starts_with('.') || name.ends_with(".part");
}

constexpr std::string_view kCopyEnding = ".copy";

Error stopping(const std::string& thing) {
  return {ErrorCode::kCancelled, thing, "the program is stopping", ""};
}

}  // namespace

Result<DropFolder::Scan> DropFolder::scan() {
  Scan scan;
  std::error_code error;
  // Does not follow links to folders, and skips none silently.
  std::filesystem::recursive_directory_iterator at(settings_.folder, error);
  if (error) {
    return errno_error(settings_.folder.string(), error.value());
  }
  for (const std::filesystem::recursive_directory_iterator end; at != end; at.increment(error)) {
    if (is_ignored(at->path().filename().string())) {
      at.disable_recursion_pending();
      continue;
    }
    if (at.depth() >= kMaxDepth || scan.present.size() == kMaxFiles) {
      scan.problems.push_back({ErrorCode::kRefused, at->path().string(),
                               "the drop folder is deeper than 32 folders or holds more than " +
                                   std::to_string(kMaxFiles) + " files",
                               "move away what has been taken"});
      break;
    }
    look_at(at->path(), scan);
  }
  if (error) {
    return errno_error(settings_.folder.string(), error.value());
  }

  const SteadyTime now = clock_.steady_now();
  std::erase_if(seen_, [&](const auto& seen) { return !scan.present.contains(seen.first); });
  for (const auto& [path, state] : scan.present) {
    Seen& seen = seen_.try_emplace(path, Seen{state, now}).first->second;
    if (seen.state != state) {
      seen = {state, now};
    }
    if (now - seen.since >= settings_.settle) {
      scan.settled.push_back(path);
    }
  }
  return scan;
}

void DropFolder::look_at(const std::filesystem::path& full, Scan& scan) {
  struct stat info{};
  if (::lstat(full.c_str(), &info) != 0) {
    if (errno != ENOENT) {  // gone between the two looks: no matter
      scan.problems.push_back(errno_error(full.string(), errno));
    }
    return;
  }
  if (S_ISDIR(info.st_mode)) {
    return;
  }
  if (!S_ISREG(info.st_mode)) {
    scan.problems.push_back({ErrorCode::kRefused, full.string(),
                             "is a link or a special file, which is not followed",
                             "lay down the file itself"});
    return;
  }
  const std::string path = full.lexically_relative(settings_.folder).string();
  if (auto checked = files::check_document_name(settings_.name + "/" + path); !checked) {
    scan.problems.push_back(std::move(checked).error());
    return;
  }
  scan.present[path] = state_from(info);
}

std::string DropFolder::origin(const std::string& path) const {
  return "drop:" + settings_.name + "/" + path;
}

std::filesystem::path DropFolder::place(const std::string& path) const {
  return settings_.folder / path;
}

// It has to settle again.
Error DropFolder::changing(const std::string& path, std::string cause) {
  seen_.erase(path);
  return {ErrorCode::kUnavailable, place(path).string(), std::move(cause),
          "it is taken when it has stopped changing; write it under a name that ends in .part and "
          "rename it when it is complete"};
}

Result<Descriptor> DropFolder::open(const std::string& path, const FileState& state) {
  SLUICE_TRY(Descriptor file, open_beneath(settings_.folder, path));
  if (has_writer(file)) {
    return changing(path, "somebody has it open for writing");
  }
  SLUICE_TRY_VOID(check_unchanged(file, path, state));
  return file;
}

Result<void> DropFolder::check_unchanged(const Descriptor& file, const std::string& path,
                                         const FileState& state) {
  SLUICE_TRY(const FileState now, state_of(file, place(path).string()));
  return now == state ? Result<void>() : changing(path, "it changed while it was copied");
}

Result<FetchedFile> DropFolder::take(const std::string& path, const FileState& state,
                                     const std::filesystem::path& work,
                                     const std::stop_token& stop) {
  const std::string thing = place(path).string();
  if (settings_.size_limit != 0 && state.size > settings_.size_limit) {
    return Error{ErrorCode::kRefused, thing,
                 "is larger than the limit of " + std::to_string(settings_.size_limit) + " bytes",
                 "raise the source's size limit if it is meant to cross"};
  }
  SLUICE_TRY(const Descriptor from, open(path, state));
  std::uint64_t offset = 0;
  const Read read = [&](MutableByteView into) -> Result<std::size_t> {
    const auto wanted = std::min<std::uint64_t>(into.size(), state.size - offset);
    for (;;) {
      const ssize_t got = ::pread(from.value(), into.data(), wanted, static_cast<off_t>(offset));
      if (got >= 0) {  // 0 before the end: it became shorter, as its state will show
        offset += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
      }
      if (errno != EINTR) {
        return errno_error(thing, errno);
      }
    }
  };
  FetchRequest request;
  request.uri = origin(path);
  request.name = path;
  SLUICE_TRY(FetchedFile copied, keep(std::move(request), read, state.size, work, stop));
  if (auto same = check_unchanged(from, path, state); !same) {
    static_cast<void>(files_.remove(copied.path().value()));  // cleared at the next start too
    return std::move(same).error();
  }
  return copied;
}

Result<FetchedFile> DropFolder::keep(FetchRequest request, const Read& read, std::uint64_t limit,
                                     const std::filesystem::path& work,
                                     const std::stop_token& stop) {
  const std::filesystem::path target =
      work / (std::to_string(next_copy_++) + std::string(kCopyEnding));
  SLUICE_TRY_VOID(files_.remove(target));
  SLUICE_TRY(const auto to, files_.open_for_writing(target));
  MultiHasher hasher(request.digests);
  const auto size = copy(request, read, limit, *to, hasher, stop);
  if (!size) {
    static_cast<void>(files_.remove(target));
    return size.error();
  }
  return FetchedFile(PassKey<DropFolder>(), std::move(request), StagingPath(target), *size,
                     hasher.finish());
}

Result<std::uint64_t> DropFolder::copy(const FetchRequest& request, const Read& read,
                                       std::uint64_t limit, File& to, MultiHasher& hasher,
                                       const std::stop_token& stop) {
  Bytes buffer(std::clamp<std::uint64_t>(limit, 1, kCopyBytes));
  for (std::uint64_t size = 0;;) {
    if (stop.stop_requested()) {
      return stopping(request.name);
    }
    SLUICE_TRY(const std::size_t got, read(buffer));
    if (got == 0) {
      return size;
    }
    if (got > limit - size) {
      return Error{ErrorCode::kRefused, request.name,
                   "it has more than " + std::to_string(limit) + " bytes", "make it anew"};
    }
    const ByteView piece = ByteView(buffer).first(got);
    SLUICE_TRY_VOID(to.write_at(size, piece));
    hasher.update(piece);
    size += got;
  }
}

Result<void> DropFolder::clear(const std::filesystem::path& work) {
  SLUICE_TRY_VOID(files_.create_directories(work));
  std::vector<std::string> left;
  SLUICE_TRY_VOID(files_.list_files(work, [&](const std::string& name) {
    if (name.ends_with(kCopyEnding)) {
      left.push_back(name);
    }
  }));
  for (const std::string& name : left) {
    SLUICE_TRY_VOID(files_.remove(work / name));
  }
  return {};
}

Result<void> DropFolder::move_to_done(const std::string& path) {
  const std::filesystem::path target = settings_.done / path;
  SLUICE_TRY_VOID(files_.create_directories(target.parent_path()));
  return files_.rename(settings_.folder / path, target);
}

}  // namespace sluice::low
