// Blobs that were pushed to a repository, or mounted there, and that no manifest of it names yet.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "common/base/clock.h"
#include "common/base/digest.h"

namespace sluice::high {

// Callable from any thread. In memory: after a restart a client finds them missing and pushes
// again.
class PushedBlobs {
 public:
  static constexpr std::size_t kMaxPushed = 100'000;  // 200 bytes each
  static constexpr std::chrono::minutes kFor{60};     // as long as garbage collection leaves them

  explicit PushedBlobs(const Clock& clock) : clock_(clock) {}

  void add(const std::string& document, const Sha256Digest& blob, std::uint64_t size);
  std::optional<std::uint64_t> find(const std::string& document, const Sha256Digest& blob) const;
  bool remove(const std::string& document, const Sha256Digest& blob);

 private:
  struct Pushed {
    std::uint64_t size = 0;
    SteadyTime until{};
  };
  void make_room(SteadyTime now);  // locked

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, Sha256Digest>, Pushed> pushed_;  // by document
};

}  // namespace sluice::high
