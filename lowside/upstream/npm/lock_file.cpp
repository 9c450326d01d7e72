#include "lowside/upstream/npm/lock_file.h"

#include "common/base/text.h"
#include "lowside/upstream/npm/lock_formats.h"

namespace sluice::low {
namespace {

enum class Format { kPackageLock, kPnpm, kYarn, kYarn1 };

// By what only one of them has at the start of a line. pnpm has sorted lockfileVersion among the
// other keys, so that it may stand at the end.
std::optional<Format> format_of(std::string_view text) {
  if (trim(text).starts_with('{')) {
    return Format::kPackageLock;
  }
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.starts_with("lockfileVersion:")) {
      return Format::kPnpm;
    }
    if (line.starts_with("__metadata:")) {
      return Format::kYarn;
    }
    if (line.starts_with("# yarn lockfile v1")) {
      return Format::kYarn1;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

}  // namespace

bool is_lock_of_yarn_or_pnpm(std::string_view text) {
  const auto format = format_of(text);
  return format && *format != Format::kPackageLock;
}

Result<std::vector<LockedPackage>> read_lock_file(const std::string& name, std::string_view text,
                                                  const std::vector<NpmTarget>& targets,
                                                  bool include_dev) {
  const auto format = format_of(text);
  if (!format) {
    return Error{ErrorCode::kInvalid, name, "not a lock file of npm, pnpm or yarn",
                 "give a package-lock.json, pnpm-lock.yaml or yarn.lock"};
  }
  const LockText lock{name, text, targets, include_dev};
  switch (*format) {
    case Format::kPackageLock:
      return read_package_lock(lock);
    case Format::kPnpm:
      return read_pnpm_lock(lock);
    case Format::kYarn:
      return read_yarn_lock(lock);
    default:
      return read_yarn1_lock(lock);
  }
}

std::optional<Digest> strongest_digest(std::string_view sri) {
  static constexpr auto kStrength = [](DigestAlgorithm algorithm) {
    switch (algorithm) {
      case DigestAlgorithm::kSha512:
        return 3;
      case DigestAlgorithm::kSha256:
        return 2;
      default:
        return 1;
    }
  };
  std::optional<Digest> best;
  for (const std::string_view part : split(sri, ' ')) {
    const auto digest = Digest::from_sri(part.substr(0, part.find('?')));
    if (digest && (!best || kStrength(digest->algorithm()) > kStrength(best->algorithm()))) {
      best = digest;
    }
  }
  return best;
}

}  // namespace sluice::low
