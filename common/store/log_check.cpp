#include "common/store/log_check.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "common/base/hasher.h"
#include "common/store/key_value_store.h"
#include "common/store/rocks_database.h"

namespace sluice::store {
namespace {

constexpr std::size_t kCheckBytes = 8;
constexpr std::size_t kMarkBytes = 8 + kCheckBytes;
constexpr std::size_t kReadBytes = std::size_t{1} << 20;
// As a batch has it: the key, the length of the value, the value.
constexpr std::size_t kWholeBytes = kMarkKey.size() + 1 + kMarkBytes;

// The mark whose key begins `text`; none if the text is cut off or is no mark.
std::optional<std::uint64_t> read_mark(std::string_view text) {
  if (text.size() < kWholeBytes || text[kMarkKey.size()] != static_cast<char>(kMarkBytes)) {
    return std::nullopt;
  }
  std::string_view mark = text.substr(kMarkKey.size() + 1, kMarkBytes);
  std::string_view rest = mark;
  const auto sequence = read_u64(rest);
  return sequence && write_mark(*sequence) == mark ? sequence : std::nullopt;
}

std::uint64_t highest_mark_in(std::string_view text) {
  std::uint64_t highest = 0;
  for (std::size_t at = text.find(kMarkKey); at != std::string_view::npos;
       at = text.find(kMarkKey, at + 1)) {
    highest = std::max(highest, read_mark(text.substr(at)).value_or(0));
  }
  return highest;
}

Result<std::uint64_t> scan_file(rocksdb::Env& env, const std::string& folder,
                                const std::string& name) {
  std::unique_ptr<rocksdb::SequentialFile> file;
  rocksdb::Status status = env.NewSequentialFile(folder + "/" + name, &file, rocksdb::EnvOptions());
  std::uint64_t highest = 0;
  std::string window;
  std::string buffer(kReadBytes, '\0');
  for (rocksdb::Slice read("-", 1); status.ok() && !read.empty();) {
    status = file->Read(kReadBytes, &read, buffer.data());
    window.erase(0, window.size() - std::min(window.size(), kWholeBytes - 1));
    window.append(read.data(), read.size());
    highest = std::max(highest, highest_mark_in(window));
  }
  if (!status.ok()) {
    return rocks_error(folder, status);
  }
  return highest;
}

}  // namespace

std::string write_mark(std::uint64_t sequence) {
  std::string mark;
  append_u64(mark, sequence);
  const Sha256Digest check = sha256(as_bytes(mark));
  return mark.append(as_text(check.bytes().first(kCheckBytes)));
}

Result<std::uint64_t> highest_mark(rocksdb::Env& env, const std::string& folder) {
  std::vector<std::string> names;
  if (const rocksdb::Status status = env.GetChildren(folder, &names); !status.ok()) {
    return rocks_error(folder, status);
  }
  std::uint64_t highest = 0;
  for (const std::string& name : names) {
    if (name.ends_with(".log")) {
      SLUICE_TRY(const std::uint64_t mark, scan_file(env, folder, name));
      highest = std::max(highest, mark);
    }
  }
  return highest;
}

Result<void> check_log(const rocksdb::DBOptions& options, const std::string& folder,
                       const std::vector<rocksdb::ColumnFamilyDescriptor>& families) {
  if (!options.env->FileExists(folder + "/CURRENT").ok()) {
    return {};  // a new folder
  }
  SLUICE_TRY(const std::uint64_t synced, highest_mark(*options.env, folder));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  if (!rocksdb::DB::OpenForReadOnly(options, folder, families, &handles, &opened).ok()) {
    return {};
  }
  const std::unique_ptr<rocksdb::DB> db(opened);
  const std::uint64_t replayed = db->GetLatestSequenceNumber();
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    db->DestroyColumnFamilyHandle(handle);
  }
  if (synced <= replayed) {
    return {};
  }
  return Error{ErrorCode::kIntegrity, folder,
               "its log is damaged: what was synced reaches to " + std::to_string(synced) +
                   ", what can be read of it to " + std::to_string(replayed),
               "check the disk, and restore this folder from a backup"};
}

}  // namespace sluice::store
