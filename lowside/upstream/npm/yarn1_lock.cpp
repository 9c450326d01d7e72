// yarn.lock of yarn 1. It does not tell which packages are for some machines only, and yarn 1
// fetches all of them before it looks: all are given, whatever the targets are.
#include "common/ecosystem/npm/package_name.h"
#include "common/ecosystem/npm/semver.h"
#include "lowside/upstream/npm/lock_formats.h"
#include "lowside/upstream/npm/origin.h"
#include "lowside/upstream/npm/yarn1_text.h"

namespace sluice::low {
namespace {

Error not_readable(const std::string& name, std::string cause) {
  return {ErrorCode::kInvalid, name, std::move(cause), "make it anew: yarn install"};
}

std::string field(const Yarn1Entry& entry, const std::string& name) {
  const auto found = entry.fields.find(name);
  return found == entry.fields.end() ? "" : found->second;
}

struct Pattern {
  std::string_view name;
  std::string_view range;
};

Pattern split_pattern(std::string_view text) {
  const std::size_t at = text.find('@', 1);
  return at == std::string_view::npos ? Pattern{text, ""}
                                      : Pattern{text.substr(0, at), text.substr(at + 1)};
}

bool is_own(std::string_view range) {
  for (const std::string_view protocol : {"file:", "link:"}) {
    if (range.starts_with(protocol)) {
      return is_own_folder(range.substr(protocol.size()));
    }
  }
  return false;
}

// All its patterns mean one tarball; where one is an alias ("old@npm:semver@^5"), that tells the
// real name.
std::string name_of(const Yarn1Entry& entry) {
  constexpr std::string_view kAlias = "npm:";
  for (const std::string& pattern : entry.patterns) {
    const std::string_view range = split_pattern(pattern).range;
    if (range.starts_with(kAlias)) {
      return std::string(split_pattern(range.substr(kAlias.size())).name);
    }
  }
  const std::string told = field(entry, "name");
  return told.empty() ? std::string(split_pattern(entry.patterns.front()).name) : told;
}

// The SHA-1 of the tarball follows its address; older locks have nothing else.
std::optional<Digest> integrity_of(const Yarn1Entry& entry) {
  if (auto digest = strongest_digest(field(entry, "integrity"))) {
    return digest;
  }
  const std::string resolved = field(entry, "resolved");
  const std::size_t hash = resolved.find('#');
  return hash == std::string::npos ? std::nullopt
                                   : Digest::from_hex(DigestAlgorithm::kSha1,
                                                      std::string_view(resolved).substr(hash + 1));
}

// Where it comes from, if not from a registry. An address without a host is of yarn's own folder of
// tarballs; registries keep them at ".../-/<file>".
std::string foreign_origin(const Yarn1Entry& entry) {
  const std::string_view range = split_pattern(entry.patterns.front()).range;
  if (is_outside_registry(range)) {
    return std::string(range);
  }
  const std::string resolved = field(entry, "resolved");
  const bool has_host = resolved.find("://") != std::string::npos;
  return has_host && resolved.find("/-/") == std::string::npos ? resolved : "";
}

}  // namespace

Result<std::vector<LockedPackage>> read_yarn1_lock(const LockText& lock) {
  const auto entries = read_yarn1_text(lock.text);
  if (!entries) {
    return not_readable(lock.name, entries.error().cause);
  }
  std::vector<LockedPackage> result;
  for (const Yarn1Entry& entry : *entries) {
    const Pattern first = split_pattern(entry.patterns.front());
    if (is_own(first.range)) {
      continue;
    }
    if (const std::string origin = foreign_origin(entry); !origin.empty()) {
      return foreign_package(lock.name, first.name, origin);
    }
    LockedPackage package{name_of(entry), field(entry, "version"), integrity_of(entry)};
    if (!npm::check_package_name(package.name) || !npm::SemVer::parse(package.version)) {
      return not_readable(lock.name,
                          "\"" + entry.patterns.front() + "\" has no proper name and version");
    }
    result.push_back(std::move(package));
  }
  return result;
}

}  // namespace sluice::low
