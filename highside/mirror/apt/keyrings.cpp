#include "highside/mirror/apt/keyrings.h"

#include "common/ecosystem/apt/keyring.h"
#include "common/ecosystem/apt/path.h"

namespace sluice::high {

Result<AptKeyrings> AptKeyrings::load(const std::vector<AptArchiveSettings>& settings) {
  AptKeyrings all;
  for (const auto& archive : settings) {
    const auto invalid = [&](std::string cause) {
      return Error{
          ErrorCode::kInvalid, "apt archive " + archive.archive, std::move(cause),
          "give each archive a folder's name and the keyring that its indices are signed with"};
    };
    if (!apt::is_safe_segment(archive.archive)) {
      return invalid("its name cannot be a folder's");
    }
    SLUICE_TRY(Bytes keyring, apt::load_keyring(archive.keyrings, ""));
    if (keyring.empty()) {
      return invalid("it has no keyring");
    }
    if (!all.keyrings_.emplace(archive.archive, std::move(keyring)).second) {
      return invalid("it is there twice");
    }
  }
  return all;
}

const Bytes* AptKeyrings::find(std::string_view archive) const {
  const auto found = keyrings_.find(archive);
  return found == keyrings_.end() ? nullptr : &found->second;
}

std::vector<std::string> AptKeyrings::archives() const {
  std::vector<std::string> names;
  names.reserve(keyrings_.size());
  for (const auto& [name, keyring] : keyrings_) {
    names.push_back(name);
  }
  return names;
}

}  // namespace sluice::high
