#include "highside/mirror/apt/served_suite.h"

#include "sluice/apt.pb.h"

namespace sluice::high {
namespace {

std::string hash_key(std::string_view folder, const Sha256Digest& digest) {
  return std::string(folder) + digest.hex();
}

}  // namespace

Result<std::shared_ptr<const ServedSuite>> ServedSuite::make(
    const CatalogEntry& entry, std::shared_ptr<const ServedSuite> previous) {
  proto::AptSuite record;
  if (!record.ParseFromString(entry.body)) {
    return Error{ErrorCode::kIntegrity, "apt " + entry.document, "the stored record does not read",
                 ""};
  }
  auto suite = std::make_shared<ServedSuite>();
  suite->since_ = entry.since;
  suite->name_ = record.suite();
  suite->dists_ = "dists/" + record.suite() + "/";
  suite->date_ = from_unix_micros(record.date_micros());
  suite->previous_ = std::move(previous);
  for (const auto& file : record.files()) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(file.sha256()));
    if (!digest) {
      return Error{ErrorCode::kIntegrity, "apt " + entry.document,
                   "the stored record has no digest for " + file.path(), ""};
    }
    const auto modified = file.modified_micros() == 0
                              ? std::nullopt
                              : std::optional(from_unix_micros(file.modified_micros()));
    suite->add(file.path(), {*digest, modified});
  }
  return suite;
}

void ServedSuite::add(std::string path, ServedFile file) {
  if (path.starts_with(dists_)) {
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    by_hash_.emplace(hash_key(folder, file.sha256), file);
    // "dists/bookworm/main/binary-amd64/Packages.xz"
    const std::string_view below = std::string_view(folder).substr(dists_.size());
    constexpr std::string_view kBinary = "/binary-";
    has_sources_ = has_sources_ || below.ends_with("/source/");
    if (const auto binary = below.find(kBinary); binary != std::string_view::npos) {
      components_.emplace(below.substr(0, binary));
      const auto architecture = below.substr(binary + kBinary.size());
      architectures_.emplace(architecture.substr(0, architecture.find('/')));
    }
  } else if (path.ends_with(".deb")) {
    ++packages_;
  }
  files_.emplace(std::move(path), file);
}

const ServedFile* ServedSuite::find(std::string_view path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

const ServedFile* ServedSuite::find_in_previous(std::string_view path) const {
  return previous_ == nullptr ? nullptr : previous_->find(path);
}

const ServedFile* ServedSuite::find_by_hash(std::string_view folder,
                                            const Sha256Digest& digest) const {
  const auto found = by_hash_.find(hash_key(folder, digest));
  if (found != by_hash_.end()) {
    return &found->second;
  }
  return previous_ == nullptr ? nullptr : previous_->find_by_hash(folder, digest);
}

}  // namespace sluice::high
