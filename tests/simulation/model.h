// What the pair must do, as a few maps: which shipments exist, which edition published which, and
// so which documents are visible at each edition.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sluice/shipment.pb.h"
#include "tests/simulation/high_side.h"
#include "tests/simulation/low_side.h"

namespace sluice::sim {

class Model {
 public:
  Model(std::string stream, const std::vector<std::unique_ptr<Registry>>& registries, Trace& trace)
      : stream_(std::move(stream)), registries_(registries), trace_(trace), visible_(1) {}

  struct Shown {
    std::uint64_t sequence = 0;  // of the shipment that decided it
    std::uint64_t version = 0;   // of the registry; 0: withdrawn
    Sha256Digest digest;
  };
  using Documents = std::map<std::string, Shown>;

  // All throw Violation.

  // After a step of the low side, or its start: which shipments there are.
  void look_at_spool(low::Spool& spool, store::KeyValueStore& index);
  // After a step of the high side, or its start: editions that are new, in order. `restarted`: none
  // that was ever seen may be gone.
  void look_at_catalog(const HighSide& side, store::KeyValueStore& index);

  // Everything that is visible now is what the model says, and can be fetched bit for bit.
  void check_all(const HighSide& side) const;
  // The same for one document, or one past edition.
  void check_document(const HighSide& side, const std::string& document) const;
  void check_edition(const HighSide& side, std::uint64_t edition) const;

  // Every shipment that the high side knows of, or must know of (up to `sent`), is published or
  // named once in gaps().
  void check_gaps(const HighSide& side, std::uint64_t sent) const;

  // What is visible is exactly what the registries hold now.
  void check_complete() const;

  std::uint64_t edition() const { return visible_.size() - 1; }
  std::uint64_t made() const { return shipments_.size(); }
  std::size_t published() const { return editions_.size(); }
  std::string some_document(Random& random) const;

 private:
  struct Shipment {
    std::string manifest;  // the signed bytes
    proto::Shipment content;
  };

  void take_edition(const HighSide& side, std::uint64_t edition, std::uint64_t sequence,
                    const std::string& manifest);
  void apply(const HighSide& side, std::uint64_t edition, const proto::Record& record,
             std::uint64_t sequence, Documents& documents);
  Shown offered(const proto::Record& record, std::uint64_t sequence) const;
  const Content& content(const std::string& document, std::uint64_t version) const;

  const std::string stream_;
  const std::vector<std::unique_ptr<Registry>>& registries_;
  Trace& trace_;
  std::vector<Shipment> shipments_;                  // [i]: sequence i + 1
  std::map<std::uint64_t, std::uint64_t> editions_;  // sequence -> edition
  std::vector<Documents> visible_;                   // [i]: edition i, with withdrawn ones
};

}  // namespace sluice::sim
