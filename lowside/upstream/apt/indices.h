// The indices of an accepted suite: which of them are wanted, and their bytes.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "common/ecosystem/apt/source_package.h"
#include "lowside/upstream/apt/suite.h"

namespace sluice::low {

// The Packages of one component and architecture, or its Sources (architecture "source"), in every
// compression that the Release lists and that can be read here; the best first.
struct PackagesIndex {
  std::string component;
  std::string architecture;
  std::vector<apt::IndexFile> variants;  // at least one
};

// Those that the suite's components and architectures ask for. kNotFound names a component or an
// architecture that the archive does not have, and those it has.
Result<std::vector<PackagesIndex>> packages_indices(const AcceptedSuite& suite);

// The Sources of its components. kNotFound names a component of which the archive has none.
Result<std::vector<PackagesIndex>> source_indices(const AcceptedSuite& suite);

// Other files that the Release lists, by the settings' names for them.
std::vector<apt::IndexFile> extra_indices(const AcceptedSuite& suite,
                                          const std::vector<std::string>& extras);
bool is_extra(std::string_view name);

// Fetches indices and keeps them in the source's folder, named by digest, so that what did not
// change is not fetched again.
class IndexReader {
 public:
  IndexReader(PollContext& context, observe::Counters& counters)
      : context_(context), counters_(counters) {}

  // Exactly the bytes that the Release lists. kIntegrity (counted): the archive's answer has
  // another digest. kNotFound: it is not there.
  Result<std::string> bytes(const AcceptedSuite& suite, const apt::IndexFile& file);
  // What the best variant holds, unpacked. kInvalid (counted): it does not unpack.
  Result<std::string> text(const AcceptedSuite& suite, const PackagesIndex& index);
  // Where bytes() left the file.
  std::filesystem::path kept(const apt::IndexFile& file) const;
  // Removes what no call since the reader was made has asked for.
  void forget_others();

 private:
  Result<Document> fetch(const AcceptedSuite& suite, const apt::IndexFile& file);

  PollContext& context_;
  observe::Counters& counters_;
  std::set<std::string> used_;
};

}  // namespace sluice::low
