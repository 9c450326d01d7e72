// Wheels that stand for source archives while pip resolves. pip would run a source archive's code
// to learn what it needs; these say what its PKG-INFO says, and nothing else is in them. They never
// cross.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/ecosystem/pypi/core_metadata.h"

namespace sluice::low {

// One thread. Keeps them, and the PKG-INFO of archives seen before, in `work`/stand-ins.
class StandIns {
 public:
  explicit StandIns(const std::filesystem::path& work);

  // The PKG-INFO of the archive with that digest, if it was seen before.
  std::optional<std::string> known(const Sha256Digest& archive) const;

  // Makes one for `archive`, a file of `project`. kIo, kExhausted: it cannot be written.
  Result<void> add(const std::string& project, const std::string& archive,
                   const Sha256Digest& digest, const std::string& pkg_info,
                   const pypi::CoreMetadata& metadata);

  // Where pip finds them; empty if there is none.
  std::filesystem::path folder() const;
  // The archive that a file of pip's report stands for; every other file is itself.
  std::string original(const std::string& filename) const;

 private:
  std::filesystem::path folder_;
  std::map<std::string, std::string> originals_;  // by the stand-in's name
};

}  // namespace sluice::low
