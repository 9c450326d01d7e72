// Versions of npm packages that no dist-tag names.
#pragma once

#include "highside/pipeline/retention.h"

namespace sluice::high {

class NpmPruner final : public Pruner {
 public:
  explicit NpmPruner(const Clock& clock) : clock_(clock) {}  // outlives it
  std::string_view ecosystem() const override { return "npm"; }
  Result<std::vector<std::string>> loose(const CatalogEntry& entry) const override;
  Result<proto::Record> without(const CatalogEntry& entry,
                                const std::set<std::string>& parts) const override;

 private:
  const Clock& clock_;
};

}  // namespace sluice::high
