#include "lowside/upstream/oci/manifest_cache.h"

#include <chrono>
#include <fstream>
#include <iterator>
#include <vector>

#include "common/base/hasher.h"

namespace sluice::low {
namespace {

using FileTime = std::filesystem::file_time_type;

constexpr std::chrono::hours kTouchAfter{24};  // a use that is written down each time costs a write
constexpr std::chrono::hours kUnusedFor{14 * 24};

}  // namespace

std::optional<std::string> ManifestCache::find(const Sha256Digest& digest) const {
  const auto path = folder_ / digest.hex();
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || sha256(as_bytes(bytes)) != digest) {
    return std::nullopt;
  }
  std::error_code ignored;
  const FileTime now = FileTime::clock::now();
  if (std::filesystem::last_write_time(path, ignored) < now - kTouchAfter) {
    std::filesystem::last_write_time(path, now, ignored);
  }
  return bytes;
}

void ManifestCache::put(const Sha256Digest& digest, const std::string& bytes) const {
  std::error_code ignored;
  std::filesystem::create_directories(folder_, ignored);
  std::ofstream(folder_ / digest.hex(), std::ios::binary | std::ios::trunc) << bytes;
}

void ManifestCache::drop_unused() const {
  std::error_code ignored;
  std::vector<std::filesystem::path> stale;
  const FileTime oldest = FileTime::clock::now() - kUnusedFor;
  for (std::filesystem::directory_iterator it(folder_, ignored), end; it != end;
       it.increment(ignored)) {
    if (it->last_write_time(ignored) < oldest) {
      stale.push_back(it->path());
    }
  }
  for (const auto& path : stale) {
    std::filesystem::remove(path, ignored);
  }
}

}  // namespace sluice::low
