// OpenPGP signatures by gpg, with a key that lives as long as the object.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/ecosystem/apt/private_directory.h"
#include "common/process/run.h"

namespace sluice::test {

// A key of its own, as an archive's owner has it.
class Signer {
 public:
  Signer() {
    run({"gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key",
         "Test <t@example.org>", "ed25519", "sign", "never"});
  }
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;
  ~Signer() { run({"gpgconf", "--kill", "gpg-agent"}); }

  std::string armored() { return run({"gpg", "--batch", "--armor", "--export"}); }
  std::string binary() { return run({"gpg", "--batch", "--export"}); }
  std::string clearsign(const std::string& text) {
    return run({"gpg", "--batch", "--clearsign", "--digest-algo", "SHA512", "--output", "-"}, text);
  }
  std::string detach(const std::string& text) {
    return run({"gpg", "--batch", "--armor", "--detach-sign", "--output", "-"}, text);
  }

 private:
  std::string run(std::vector<std::string> arguments, const std::string& input = "") {
    process::Command command;
    command.arguments = std::move(arguments);
    command.environment = {{"GNUPGHOME", home_.path()}, {"LC_ALL", "C"}};
    command.standard_input = input;
    const auto outcome = process::run(command, {}).value();
    EXPECT_EQ(outcome.exit_code, 0) << outcome.standard_error;
    return outcome.standard_output;
  }

  apt::PrivateDirectory home_ = apt::PrivateDirectory::make().value();
};

}  // namespace sluice::test
