// What a channel's repodata says of one file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/ecosystem/conda/names.h"

namespace sluice::conda {

struct Package {
  FileName file;
  Sha256Digest sha256;
  std::uint64_t size = 0;
  std::optional<Digest> md5;  // where the upstream has one: clients are shown it, so it is checked
  std::optional<UtcTime> built;  // where the entry says so in a way that reads
};

// `metadata`: the entry's text, a JSON object of at most 256 KiB. It must be of that file and
// subdir (name, version and build; subdir and fn where they are there), have a sha256 and a size,
// no key twice, and none that would lead a client elsewhere (url, channel). kInvalid says what is
// wrong, with the cure where the channel's owner has one.
Result<Package> read_package(std::string_view subdir, std::string_view file,
                             std::string_view metadata);

}  // namespace sluice::conda
