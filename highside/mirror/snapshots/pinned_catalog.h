// The catalog as one edition has it, for ever.
#pragma once

#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

class PinnedCatalog final : public CatalogReader {
 public:
  // `catalog` outlives it.
  PinnedCatalog(const CatalogReader& catalog, Edition edition)
      : catalog_(catalog), edition_(edition) {}

  Edition current() const override { return edition_; }
  bool readable(Edition edition) const override {
    return edition <= edition_ && catalog_.readable(edition);
  }
  Result<std::optional<CatalogEntry>> find(Edition edition, std::string_view ecosystem,
                                           std::string_view document) const override {
    return catalog_.find(edition, ecosystem, document);
  }
  Result<void> list(Edition edition, std::string_view ecosystem, std::string_view prefix,
                    const std::function<bool(const CatalogEntry&)>& each) const override {
    return catalog_.list(edition, ecosystem, prefix, each);
  }
  bool is_lost(const Sha256Digest& blob) const override { return catalog_.is_lost(blob); }
  bool any_lost() const override { return catalog_.any_lost(); }
  std::uint64_t lost_changes() const override { return catalog_.lost_changes(); }

 private:
  const CatalogReader& catalog_;
  const Edition edition_;
};

}  // namespace sluice::high
