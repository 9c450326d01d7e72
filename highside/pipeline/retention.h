// What the site published itself and needs no more: old parts of documents that nothing points at.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "highside/pipeline/catalog_reader.h"
#include "highside/pipeline/namespaces.h"

namespace sluice::high {

// Of documents of the site whose name is like `names`.
struct RetentionRule {
  NamePattern names;
  // A part that no tag needs goes after so long.
  std::chrono::microseconds untagged_for{std::chrono::hours(24 * 90)};
  // But for the last so many of a document that came to be so.
  std::size_t keep_last = 0;
};

// Takes the documents of one ecosystem apart. Callable from any thread.
class Pruner {
 public:
  virtual ~Pruner() = default;
  virtual std::string_view ecosystem() const = 0;
  // Names of the parts that no tag needs, oldest first as far as can be told.
  virtual Result<std::vector<std::string>> loose(const CatalogEntry& entry) const = 0;
  // The document without these; withdrawn where nothing is left.
  virtual Result<proto::Record> without(const CatalogEntry& entry,
                                        const std::set<std::string>& parts) const = 0;
};

}  // namespace sluice::high
