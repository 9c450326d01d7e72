#include "lowside/pipeline/record_cache.h"

#include <fstream>
#include <iterator>
#include <vector>

#include "common/base/hasher.h"

namespace sluice::low {

std::optional<std::string> RecordCache::read(const std::string& sha256) const {
  std::ifstream file(folder_ / sha256, std::ios::binary);
  std::string body{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return sluice::sha256(as_bytes(body)).hex() == sha256 ? std::optional(std::move(body))
                                                        : std::nullopt;
}

void RecordCache::put(const std::string& sha256, const std::string& body) const {
  std::error_code ignored;
  std::filesystem::create_directories(folder_, ignored);
  std::ofstream(folder_ / sha256, std::ios::binary | std::ios::trunc) << body;
}

void RecordCache::keep_only(const std::set<std::string>& sha256s) const {
  std::error_code ignored;
  std::vector<std::filesystem::path> stale;
  for (std::filesystem::directory_iterator it(folder_, ignored), end; it != end;
       it.increment(ignored)) {
    if (!sha256s.contains(it->path().filename().string())) {
      stale.push_back(it->path());
    }
  }
  for (const auto& path : stale) {
    std::filesystem::remove(path, ignored);
  }
}

}  // namespace sluice::low
