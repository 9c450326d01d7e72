// Files of Python projects. An index has no tags: what stands for one is the highest release, which
// pip installs.
#pragma once

#include "highside/pipeline/retention.h"

namespace sluice::high {

class PypiPruner final : public Pruner {
 public:
  std::string_view ecosystem() const override { return "pypi"; }
  // Files of all versions but the highest release; of the highest version where there is none.
  Result<std::vector<std::string>> loose(const CatalogEntry& entry) const override;
  Result<proto::Record> without(const CatalogEntry& entry,
                                const std::set<std::string>& parts) const override;
};

}  // namespace sluice::high
