#include "lowside/upstream/apt/site_key.h"

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/ecosystem/apt/keyring.h"
#include "common/ecosystem/apt/private_directory.h"
#include "common/process/run.h"

namespace sluice::low {
namespace {

constexpr auto kGpgTimeLimit = std::chrono::minutes(2);  // a new key may wait for random bytes

// One GnuPG home for one task, with its agent ended at the end: keys lie in plain files otherwise,
// where they can be backed up, and no daemon of gpg's stays behind.
class GpgHome {
 public:
  static Result<GpgHome> make(std::stop_token stop) {
    SLUICE_TRY(auto folder, apt::PrivateDirectory::make());
    return GpgHome(std::move(folder), std::move(stop));
  }
  GpgHome(GpgHome&&) noexcept = default;
  GpgHome& operator=(GpgHome&&) = delete;
  ~GpgHome() {
    if (used_) {
      // Its failure leaves an agent that ends by itself when its folder is gone.
      static_cast<void>(execute({"gpgconf", "--kill", "gpg-agent"}, "", {}));
    }
  }

  Result<std::string> gpg(std::vector<std::string> arguments, std::string_view input = "") {
    used_ = true;
    arguments.insert(arguments.begin(), {"gpg", "--batch", "--quiet", "--no-tty", "--pinentry-mode",
                                         "loopback", "--passphrase", ""});
    SLUICE_TRY(auto outcome, execute(std::move(arguments), input, stop_));
    if (outcome.exit_code != 0) {
      return Error{ErrorCode::kIo, "gpg", std::string(trim(outcome.standard_error).substr(0, 500)),
                   ""};
    }
    return std::move(outcome.standard_output);
  }

 private:
  GpgHome(apt::PrivateDirectory folder, std::stop_token stop)
      : folder_(std::move(folder)), stop_(std::move(stop)) {}

  Result<process::Outcome> execute(std::vector<std::string> arguments, std::string_view input,
                                   const std::stop_token& stop) const {
    process::Command command;
    command.arguments = std::move(arguments);
    command.environment = {
        {"GNUPGHOME", folder_.path()}, {"HOME", folder_.path()}, {"LC_ALL", "C"}};
    command.working_directory = folder_.path();
    command.standard_input = input;
    command.time_limit = kGpgTimeLimit;
    return process::run(command, stop);
  }

  apt::PrivateDirectory folder_;
  std::stop_token stop_;
  bool used_ = false;
};

Result<Bytes> read_key(const std::filesystem::path& path) {
  auto key = read_file(posix_file_system(), path, apt::kMaxKeyringBytes);
  if (!key && key.error().code == ErrorCode::kNotFound) {
    return Error{ErrorCode::kNotFound, path, "there is no site key for signing apt indices",
                 "sluice-low init makes one; signing_home must name its folder"};
  }
  return key;
}

}  // namespace

Result<void> generate_site_key(const std::filesystem::path& home, std::stop_token stop) {
  auto& files = posix_file_system();
  SLUICE_TRY(const bool there, files.exists(home / "site.key"));
  if (there) {
    return {};
  }
  SLUICE_TRY_VOID(files.create_directories(home));
  std::error_code error;
  std::filesystem::permissions(home, std::filesystem::perms::owner_all, error);
  if (error) {
    return errno_error(home, error.value());
  }
  SLUICE_TRY(auto gpg, GpgHome::make(std::move(stop)));
  SLUICE_TRY_VOID(gpg.gpg({"--quick-generate-key", "Sluice site key for apt <sluice@localhost>",
                           "ed25519", "sign", "never"}));
  SLUICE_TRY(const auto public_key, gpg.gpg({"--armor", "--export"}));
  SLUICE_TRY(const auto secret_key, gpg.gpg({"--armor", "--export-secret-keys"}));
  SLUICE_TRY_VOID(write_file_durably(files, home / "site.asc", as_bytes(public_key)));
  // The secret part last: its presence says that both are there.
  SLUICE_TRY_VOID(write_file_durably(files, home / "site.key", as_bytes(secret_key)));
  using std::filesystem::perms;
  std::filesystem::permissions(home / "site.key", perms::owner_read | perms::owner_write, error);
  return error ? Result<void>(errno_error(home / "site.key", error.value())) : Result<void>();
}

Result<std::string> site_public_key(const std::filesystem::path& home) {
  SLUICE_TRY(const Bytes key, read_key(home / "site.asc"));
  return std::string(as_text(key));
}

Result<SignedRelease> sign_release(const std::filesystem::path& home, std::string_view release,
                                   std::stop_token stop) {
  SLUICE_TRY(const Bytes key, read_key(home / "site.key"));
  SLUICE_TRY(auto gpg, GpgHome::make(std::move(stop)));
  SLUICE_TRY_VOID(gpg.gpg({"--import"}, as_text(key)));
  SignedRelease result;
  SLUICE_TRY(result.in_release,
             gpg.gpg({"--clearsign", "--digest-algo", "SHA512", "--output", "-"}, release));
  SLUICE_TRY(
      result.release_gpg,
      gpg.gpg({"--armor", "--detach-sign", "--digest-algo", "SHA512", "--output", "-"}, release));
  return result;
}

}  // namespace sluice::low
