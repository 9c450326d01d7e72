#include "highside/daemon/init.h"

#include <iostream>

#include "common/crypto/keys.h"
#include "common/service/setup.h"
#include "highside/daemon/settings_table.h"

namespace sluice::high {

Result<void> init(const std::filesystem::path& folder) {
  SLUICE_TRY_VOID(service::make_setup_folder(folder));
  const auto secret = folder / "opening.key";
  SLUICE_TRY(const bool there, posix_file_system().exists(secret));
  if (!there) {
    SLUICE_TRY_VOID(crypto::OpeningKey::generate().save(secret));
  }
  SLUICE_TRY(const auto key, crypto::OpeningKey::load(secret));
  SLUICE_TRY_VOID(service::write_new_file(folder / "opening.pub", key.sealing_key().file_text()));
  SLUICE_TRY_VOID(service::write_example(high::settings_table(), folder, "high.toml"));
  std::cout << (there ? "kept  " : "made  ") << secret.string() << "\n"
            << "      carry " << (folder / "opening.pub").string()
            << " to the low side; its fingerprint is\n"
            << "      " << key.sealing_key().fingerprint() << "\n";
  return {};
}

}  // namespace sluice::high
