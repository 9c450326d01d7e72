// The keys that this side accepts for its apt archives. They come from its own settings, never from
// the link.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice::high {

struct AptArchiveSettings {
  std::string archive;  // the folder, as the low side names it: "debian"
  // full: the vendor's keyring; subset: the site's public key (site.asc of the low side's
  // signing_home). Armored or binary.
  std::vector<std::string> keyrings;
};

// Const after load(), so callable from any thread.
class AptKeyrings {
 public:
  // Errors name the archive or the file.
  static Result<AptKeyrings> load(const std::vector<AptArchiveSettings>& settings);

  const Bytes* find(std::string_view archive) const;  // binary; null: not configured
  std::vector<std::string> archives() const;

 private:
  std::map<std::string, Bytes, std::less<>> keyrings_;
};

}  // namespace sluice::high
