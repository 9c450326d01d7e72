#include "highside/assemble/progress.h"

#include <unordered_set>
#include <vector>

#include "common/base/limits.h"
#include "sluice/stored_ledger.pb.h"

namespace sluice::high {
namespace {

constexpr std::string_view kSuffix = ".part";

std::optional<Progress> decode(std::string_view key, std::string_view value) {
  const auto digest = Sha256Digest::from_bytes(as_bytes(key));
  proto::StoredParts stored;
  if (!digest || !stored.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
      stored.size() > limits::kMaxBlobBytes) {
    return std::nullopt;
  }
  Progress progress{*digest, stored.size(), {}, from_unix_micros(stored.touched_micros())};
  for (const proto::StoredRange& range : stored.ranges()) {
    if (range.begin() >= range.end() || range.end() > stored.size()) {
      return std::nullopt;
    }
    progress.received.add({range.begin(), range.end()});
  }
  return progress;
}

}  // namespace

std::filesystem::path ProgressStore::path(const Sha256Digest& digest) const {
  return folder_ / (digest.hex() + std::string(kSuffix));
}

std::string ProgressStore::key(const Sha256Digest& digest) {
  return std::string(as_text(digest.bytes()));
}

Result<void> ProgressStore::save(const Progress& progress) {
  SLUICE_TRY(const auto file, files_.open_for_writing(path(progress.digest)));
  SLUICE_TRY_VOID(file->sync());
  SLUICE_TRY_VOID(files_.sync_directory(folder_));
  proto::StoredParts stored;
  stored.set_size(progress.size);
  stored.set_touched_micros(to_unix_micros(progress.touched));
  for (const Range& range : progress.received.ranges()) {
    proto::StoredRange& to = *stored.add_ranges();
    to.set_begin(range.begin);
    to.set_end(range.end);
  }
  store::Batch batch;
  batch.put(store::Family::kParts, key(progress.digest), stored.SerializeAsString());
  return index_.write(batch, store::Durability::kUnsynced);
}

Result<Progress> ProgressStore::load(const Sha256Digest& digest) const {
  SLUICE_TRY(const auto value, index_.get(store::Family::kParts, key(digest)));
  if (!value) {
    return Error{ErrorCode::kNotFound, "progress of blob " + digest.hex(), "there is none", ""};
  }
  auto progress = decode(key(digest), *value);
  if (!progress) {
    return Error{ErrorCode::kIntegrity, "progress of blob " + digest.hex(), "it does not read", ""};
  }
  return std::move(*progress);
}

Result<void> ProgressStore::drop(const Sha256Digest& digest) {
  store::Batch batch;
  batch.remove(store::Family::kParts, key(digest));
  SLUICE_TRY_VOID(index_.write(batch, store::Durability::kUnsynced));
  return files_.remove(path(digest));
}

Result<void> ProgressStore::recover(const std::function<void(const Progress&)>& each) {
  SLUICE_TRY_VOID(files_.create_directories(folder_));
  SLUICE_TRY_VOID(files_.sync_directory(std::filesystem::absolute(folder_).parent_path()));
  std::vector<std::string> bad_keys;
  std::unordered_set<std::string> wanted;  // file names
  std::vector<Progress> found;
  SLUICE_TRY_VOID(
      index_.scan(store::Family::kParts, "", "", [&](std::string_view key, std::string_view value) {
        if (auto progress = decode(key, value)) {
          found.push_back(std::move(*progress));
        } else {
          bad_keys.emplace_back(key);
        }
        return true;
      }));
  for (const Progress& progress : found) {
    const std::filesystem::path file = path(progress.digest);
    const auto opened = files_.open_for_reading(file);
    const auto size = opened ? (*opened)->size() : Result<std::uint64_t>(opened.error());
    if (!size || *size < progress.received.end()) {
      bad_keys.push_back(key(progress.digest));
      continue;
    }
    wanted.insert(file.filename().string());
    each(progress);
  }
  store::Batch batch;
  for (std::string& key : bad_keys) {
    batch.remove(store::Family::kParts, std::move(key));
  }
  if (!batch.empty()) {
    SLUICE_TRY_VOID(index_.write(batch, store::Durability::kUnsynced));
  }
  std::vector<std::string> orphans;
  SLUICE_TRY_VOID(files_.list_files(folder_, [&](std::string name) {
    if (name.ends_with(kSuffix) && !wanted.contains(name)) {
      orphans.push_back(std::move(name));
    }
  }));
  for (const std::string& name : orphans) {
    SLUICE_TRY_VOID(files_.remove(folder_ / name));
  }
  return {};
}

}  // namespace sluice::high
