#include "lowside/upstream/files/drop_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/hasher.h"
#include "common/ecosystem/files/document_name.h"
#include "lowside/upstream/files/safe_open.h"

namespace sluice::low {
namespace {

// A drop folder is for what people bring; more files than this are a mirror of something.
constexpr std::size_t kMaxFiles = 100'000;
constexpr int kMaxDepth = 32;
constexpr std::size_t kCopyBytes = std::size_t{1} << 20;  // larger pieces hash no faster

bool is_ignored(const std::string& name) {
  return name.starts_with('.') || name.ends_with(".part");
}

Error changing(const std::string& thing, std::string cause) {
  return {ErrorCode::kUnavailable, thing, std::move(cause),
          "it is taken when it has stopped changing; write it under a name that ends in .part and "
          "rename it when it is complete"};
}

}  // namespace

Result<DropFolder::Scan> DropFolder::scan() {
  Scan scan;
  std::error_code error;
  // Does not follow links to folders, and skips none silently.
  std::filesystem::recursive_directory_iterator at(settings_.drop_folder, error);
  if (error) {
    return errno_error(settings_.drop_folder.string(), error.value());
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
    return errno_error(settings_.drop_folder.string(), error.value());
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
  const std::string path = full.lexically_relative(settings_.drop_folder).string();
  if (auto checked = files::check_document_name(settings_.collection + "/" + path); !checked) {
    scan.problems.push_back(std::move(checked).error());
    return;
  }
  scan.present[path] = state_from(info);
}

Result<FetchedFile> DropFolder::take(const std::string& path, const FileState& state,
                                     const std::filesystem::path& work,
                                     const std::stop_token& stop) {
  const std::string thing = (settings_.drop_folder / path).string();
  SLUICE_TRY(const Descriptor from, open_beneath(settings_.drop_folder, path));
  if (has_writer(from)) {
    seen_.erase(path);
    return changing(thing, "somebody has it open for writing");
  }
  if (settings_.size_limit != 0 && state.size > settings_.size_limit) {
    return Error{ErrorCode::kRefused, thing,
                 "is larger than the limit of " + std::to_string(settings_.size_limit) + " bytes",
                 "raise the source's size limit if it is meant to cross"};
  }
  const std::filesystem::path target = work / (std::to_string(next_copy_++) + ".copy");
  SLUICE_TRY_VOID(files_.remove(target));
  SLUICE_TRY(const auto to, files_.open_for_writing(target));
  MultiHasher hasher({});
  Result<FileState> after = copy(from.value(), path, state, *to, hasher, stop);
  if (after && *after != state) {
    seen_.erase(path);
    after = changing(thing, "it changed while it was copied");
  }
  if (!after) {
    static_cast<void>(files_.remove(target));  // cleared at the next start too
    return std::move(after).error();
  }
  FetchRequest request;
  request.uri = "drop:" + settings_.collection + "/" + path;
  request.name = path;
  return FetchedFile(PassKey<DropFolder>(), std::move(request), StagingPath(target), state.size,
                     hasher.finish());
}

// Copies at most state.size bytes, and hashes what it writes. Returns how the file looks
// afterwards.
Result<FileState> DropFolder::copy(int from, const std::string& path, const FileState& state,
                                   File& to, MultiHasher& hasher, const std::stop_token& stop) {
  Bytes buffer(std::min<std::uint64_t>(state.size, kCopyBytes));
  for (std::uint64_t offset = 0; offset < state.size;) {
    if (stop.stop_requested()) {
      return Error{ErrorCode::kCancelled, path, "the program is stopping", ""};
    }
    const auto wanted = std::min<std::uint64_t>(buffer.size(), state.size - offset);
    const ssize_t got = ::pread(from, buffer.data(), wanted, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return errno_error(path, errno);
    }
    if (got == 0) {
      break;  // it became shorter, as its state will show
    }
    const ByteView piece = ByteView(buffer).first(static_cast<std::size_t>(got));
    SLUICE_TRY_VOID(to.write_at(offset, piece));
    hasher.update(piece);
    offset += piece.size();
  }
  struct stat info{};
  if (::fstat(from, &info) != 0) {
    return errno_error(path, errno);
  }
  return state_from(info);
}

Result<void> DropFolder::move_to_done(const std::string& path) {
  const std::filesystem::path target = settings_.done_folder / path;
  SLUICE_TRY_VOID(files_.create_directories(target.parent_path()));
  return files_.rename(settings_.drop_folder / path, target);
}

}  // namespace sluice::low
