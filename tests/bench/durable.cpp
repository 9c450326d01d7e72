#include "tests/bench/durable.h"

#include <fcntl.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/crypto/random.h"

namespace sluice::bench {
namespace {

constexpr long kTmpfs = 0x01021994;  // statfs(2)
constexpr std::size_t kPiece = std::size_t{4} << 20;
constexpr std::size_t kPieces = 256;
constexpr std::size_t kAlignment = 4096;

double write_gigabits(const std::filesystem::path& path, int flags) {
  const std::unique_ptr<void, decltype(&std::free)> piece(std::aligned_alloc(kAlignment, kPiece),
                                                          &std::free);
  crypto::fill_random({static_cast<std::uint8_t*>(piece.get()), kPiece});  // zeros may cost less
  const SystemClock clock;
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | flags, 0600);
  if (file < 0) {
    return 0;  // no O_DIRECT here
  }
  const SteadyTime start = clock.steady_now();
  for (std::size_t i = 0; i < kPieces; ++i) {
    SLUICE_ASSERT(pwrite(file, piece.get(), kPiece, static_cast<off_t>(i * kPiece)) ==
                  static_cast<ssize_t>(kPiece));
  }
  SLUICE_ASSERT(fdatasync(file) == 0);
  const double seconds = std::chrono::duration<double>(clock.steady_now() - start).count();
  close(file);
  std::filesystem::remove(path);
  return kPieces * kPiece * 8e-9 / seconds;
}

}  // namespace

double durable_gigabits(const std::filesystem::path& folder) {
  struct statfs where{};
  SLUICE_ASSERT(statfs(folder.c_str(), &where) == 0);
  if (where.f_type == kTmpfs) {
    return 0;
  }
  return std::max(write_gigabits(folder / "durable", O_DIRECT),
                  write_gigabits(folder / "durable", 0));
}

}  // namespace sluice::bench
