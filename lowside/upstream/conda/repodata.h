// An upstream's repodata.json, as far as its packages are wanted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/ecosystem/conda/package.h"
#include "lowside/upstream/conda/selection.h"

namespace sluice::low {

// As it is fetched, and as it is unpacked: the largest subdir of the largest public channel has
// some 350 MB. It is held while it is read, which took 570 MB for one of 320 MiB.
inline constexpr std::uint64_t kMaxRepodataBytes = std::uint64_t{512} << 20;
// Of one subdir: with what a shipment says of each file, two fifths of the largest manifest.
inline constexpr std::size_t kMaxSelectedFiles = 40'000;
inline constexpr std::size_t kMaxSelectedBytes = std::size_t{24} << 20;

struct CondaListed {
  conda::Package package;
  std::string metadata;  // as it came
};

struct Repodata {
  std::map<std::string, CondaListed, std::less<>> files;  // that are wanted, by name
  std::set<std::string, std::less<>> removed;  // that are wanted, as far as they are names
  std::string base_url;                        // CEP 15; empty: beside the index
  std::vector<Error> left_out;  // entries that cannot be taken: the first ones, by name
  std::size_t left_out_more = 0;
};

// `thing` is named in errors. kInvalid: no repodata, or of a format that is not known. kRefused:
// more is selected than a shipment has room for. A wrong entry is left out and named. `since`: only
// packages that were built then or later; those that do not say when are older (conda-build has
// written `timestamp` since 2017).
Result<Repodata> read_repodata(const std::string& thing, std::string_view subdir,
                               std::string_view text, CondaSelection& selection,
                               std::optional<UtcTime> since = {});

}  // namespace sluice::low
