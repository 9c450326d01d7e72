#include "lowside/daemon/init.h"

#include <iostream>

#include "common/crypto/keys.h"
#include "common/service/setup.h"
#include "lowside/daemon/settings_table.h"
#include "lowside/upstream/apt/site_key.h"

namespace sluice::low {

Result<void> init(const std::filesystem::path& folder) {
  SLUICE_TRY_VOID(service::make_setup_folder(folder));
  const auto secret = folder / "signing.key";
  SLUICE_TRY(const bool there, posix_file_system().exists(secret));
  if (!there) {
    SLUICE_TRY_VOID(crypto::SigningKey::generate().save(secret));
  }
  SLUICE_TRY(const auto key, crypto::SigningKey::load(secret));
  SLUICE_TRY_VOID(service::write_new_file(folder / "signing.pub", key.verify_key().file_text()));
  SLUICE_TRY_VOID(service::write_example(low::settings_table(), folder, "low.toml"));
  std::cout << (there ? "kept  " : "made  ") << secret.string() << "\n"
            << "      carry " << (folder / "signing.pub").string()
            << " to the high side; its fingerprint is\n"
            << "      " << key.verify_key().fingerprint() << "\n";
  if (const Result<void> made = generate_site_key(folder / "apt", {}); !made) {
    if (made.error().code != ErrorCode::kNotFound) {
      return made.error();
    }
    std::cout << "      no key for apt subsets was made: " << made.error().message() << "\n";
    return {};
  }
  std::cout << "ready " << (folder / "apt/site.asc").string()
            << ": the key of apt subsets; carry it to the high side for its [[apt]] keyring\n";
  return {};
}

}  // namespace sluice::low
