// The key with which a site signs the indices of its subsets.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::low {

// Makes an Ed25519 key without a passphrase: `home`/site.key (secret, armored, mode 0600, in a
// folder of mode 0700) and `home`/site.asc (public: the high side pins it, clients take it as
// Signed-By). A key that is there stays. kNotFound: gpg is not installed.
Result<void> generate_site_key(const std::filesystem::path& home, std::stop_token stop);

// kNotFound with the cure if there is none.
Result<std::string> site_public_key(const std::filesystem::path& home);

struct SignedRelease {
  std::string in_release;
  std::string release_gpg;
};
Result<SignedRelease> sign_release(const std::filesystem::path& home, std::string_view release,
                                   std::stop_token stop);

}  // namespace sluice::low
