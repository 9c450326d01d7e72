// A suite's record in the form in which requests are answered.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/digest.h"
#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

struct ServedFile {
  Sha256Digest sha256;
  std::optional<UtcTime> modified;
};

// Const once made, so that requests share it.
class ServedSuite {
 public:
  // kIntegrity: the stored record does not read.
  static Result<std::shared_ptr<const ServedSuite>> make(
      const CatalogEntry& entry, std::shared_ptr<const ServedSuite> previous);

  Edition since() const { return since_; }
  const std::string& name() const { return name_; }  // "bookworm"
  UtcTime date() const { return date_; }
  const std::set<std::string>& components() const { return components_; }
  const std::set<std::string>& architectures() const { return architectures_; }
  std::size_t packages() const { return packages_; }
  bool has_sources() const { return has_sources_; }

  const ServedFile* find(std::string_view path) const;
  // A file of that folder below dists/ by its digest: of this edition, or of the one before it, for
  // clients in the middle of an update.
  const ServedFile* find_by_hash(std::string_view folder, const Sha256Digest& digest) const;
  // A file of the edition before, which clients with older indices still ask for.
  const ServedFile* find_in_previous(std::string_view path) const;
  bool owns(std::string_view path) const { return path.starts_with(dists_); }

 private:
  void add(std::string path, ServedFile file);

  Edition since_;
  std::string name_;
  std::string dists_;  // "dists/bookworm/"
  UtcTime date_;
  std::set<std::string> components_;
  std::set<std::string> architectures_;
  std::size_t packages_ = 0;
  bool has_sources_ = false;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, ServedFile, Hash, std::equal_to<>> files_;
  // Folder and digest of the files below dists/.
  std::unordered_map<std::string, ServedFile, Hash, std::equal_to<>> by_hash_;
  std::shared_ptr<const ServedSuite> previous_;  // has none itself
};

}  // namespace sluice::high
