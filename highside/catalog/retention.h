// Retention: what the site's documents are let go of, before garbage collection frees its bytes.
//
// A run notes when it saw a part first that no tag needs, and forgets that once one does; what has
// been so for as long as its rule says goes, in an edition like any other: past editions and
// snapshots show it for as long as they are kept. On disk: kMeta "untagged/", ecosystem, document
// and part (pipeline/keys.h), a time of 8 bytes in microseconds.
#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/observe/counters.h"
#include "common/store/key_value_store.h"
#include "highside/pipeline/retention.h"
#include "highside/pipeline/site.h"

namespace sluice::high {

// One thread at a time.
class Retention {
 public:
  // All outlive it. The first rule that a document is like counts.
  Retention(const CatalogReader& catalog, SitePublisher& site, store::KeyValueStore& index,
            const Clock& clock, observe::Counters& counters, std::vector<RetentionRule> rules,
            std::vector<std::unique_ptr<Pruner>> pruners)
      : catalog_(catalog),
        site_(site),
        index_(index),
        clock_(clock),
        counters_(counters),
        rules_(std::move(rules)),
        pruners_(std::move(pruners)) {}

  // How many parts went, or would: a dry run notes nothing either.
  Result<std::uint64_t> run(bool dry_run, const std::stop_token& stop = {});

 private:
  using Times = std::map<std::string, std::uint64_t>;  // by key: since when
  Result<Times> noted() const;
  const RetentionRule* rule_for(std::string_view ecosystem, std::string_view document) const;
  Result<std::set<std::string>> due(const Pruner& pruner, const CatalogEntry& entry,
                                    const RetentionRule& rule, Times& before,
                                    store::Batch& notes) const;
  Result<bool> take_away(const Pruner& pruner, const std::string& document,
                         const std::set<std::string>& parts);

  const CatalogReader& catalog_;
  SitePublisher& site_;
  store::KeyValueStore& index_;
  const Clock& clock_;
  observe::Counters& counters_;
  const std::vector<RetentionRule> rules_;
  const std::vector<std::unique_ptr<Pruner>> pruners_;
};

}  // namespace sluice::high
