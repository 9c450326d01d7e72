#include "common/ecosystem/apt/gpg_verify.h"

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/ecosystem/apt/deb822.h"
#include "common/ecosystem/apt/private_directory.h"
#include "common/process/run.h"

namespace sluice::apt {
namespace {

constexpr auto kTimeLimit = std::chrono::seconds(60);  // gpgv takes milliseconds

Error refused(const std::string& thing, std::string cause) {
  return {
      ErrorCode::kIntegrity, thing, std::move(cause),
      "if the archive has a new key, get its keyring by a trusted way and name it in Signed-By"};
}

// gpgv's status lines (GnuPG doc/DETAILS): the fingerprint of the first good signature. A
// signature's lines begin with NEWSIG; one by an expired or a revoked key has VALIDSIG without
// GOODSIG.
JudgedText judge(const process::Outcome& outcome) {
  JudgedText judged;
  std::string missing;
  bool good = false;
  for (const std::string_view line : split(outcome.standard_output, '\n')) {
    const auto words = value_words(line);
    if (words.size() < 2 || words[0] != "[GNUPG:]") {
      continue;
    }
    if (words[1] == "NEWSIG") {
      good = false;
    } else if (words[1] == "BADSIG") {
      return {SignatureVerdict::kBad,
              {},
              "has a bad signature: its bytes are not those that were signed"};
    } else if (words[1] == "GOODSIG") {
      good = true;
    } else if (words[1] == "NO_PUBKEY" && words.size() > 2) {
      missing += " " + words[2];
    } else if (words[1] == "VALIDSIG" && words.size() > 2 && good &&
               judged.signed_text.fingerprint.empty()) {
      judged.verdict = SignatureVerdict::kGood;
      judged.signed_text.fingerprint = words.back();  // of the primary key
    }
  }
  if (judged.verdict == SignatureVerdict::kGood) {
    return judged;
  }
  if (!missing.empty()) {
    return {SignatureVerdict::kUnknownKey,
            {},
            "is signed by keys that the keyring does not hold:" + missing};
  }
  return {SignatureVerdict::kNone,
          {},
          "has no good signature: " + std::string(trim(outcome.standard_error).substr(0, 500))};
}

Result<std::string> good_signature(const std::string& thing, const process::Outcome& outcome) {
  JudgedText judged = judge(outcome);
  return judged.verdict == SignatureVerdict::kGood
             ? Result<std::string>(std::move(judged.signed_text.fingerprint))
             : Result<std::string>(refused(thing, std::move(judged.cause)));
}

Result<process::Outcome> run_gpgv(const PrivateDirectory& folder,
                                  std::vector<std::string> arguments, const std::stop_token& stop) {
  process::Command command;
  command.arguments = {"gpgv",
                       "--homedir",
                       folder.path(),
                       "--status-fd",
                       "1",
                       "--weak-digest",
                       "SHA1",
                       "--weak-digest",
                       "RIPEMD160",
                       "--keyring",
                       folder.path() / "keyring.gpg"};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  command.environment = {{"LC_ALL", "C"}, {"HOME", folder.path()}};
  command.working_directory = folder.path();
  command.time_limit = kTimeLimit;
  return process::run(command, stop);
}

// Exactly one signed text, from the first line to the last: what clients read is what was signed.
bool is_one_signed_text(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN PGP SIGNED MESSAGE-----";
  constexpr std::string_view kSignature = "-----BEGIN PGP SIGNATURE-----";
  constexpr std::string_view kEnd = "-----END PGP SIGNATURE-----";
  const auto only_once = [&](std::string_view mark) { return text.find(mark) == text.rfind(mark); };
  return text.starts_with(kBegin) && trim(text).ends_with(kEnd) && only_once(kBegin) &&
         only_once(kSignature) && only_once(kEnd) &&
         text.find(kSignature) != std::string_view::npos;
}

}  // namespace

Result<JudgedText> judge_clear_signed(const std::string& thing, std::string_view text,
                                      ByteView keyring, const std::stop_token& stop) {
  if (!is_one_signed_text(text)) {
    return refused(thing, "is not one signed text from its first line to its last");
  }
  SLUICE_TRY(const auto folder, PrivateDirectory::make());
  auto& files = posix_file_system();
  SLUICE_TRY_VOID(write_file_durably(files, folder.path() / "keyring.gpg", keyring));
  SLUICE_TRY_VOID(write_file_durably(files, folder.path() / "signed", as_bytes(text)));
  SLUICE_TRY(const auto outcome, run_gpgv(folder, {"--output", "text", "signed"}, stop));
  JudgedText judged = judge(outcome);
  if (judged.verdict == SignatureVerdict::kGood) {
    SLUICE_TRY(const Bytes bytes, read_file(files, folder.path() / "text", kMaxReleaseBytes));
    judged.signed_text.text = as_text(bytes);
  }
  return judged;
}

Result<SignedText> verify_in_release(const std::string& thing, std::string_view in_release,
                                     ByteView keyring, const std::stop_token& stop) {
  SLUICE_TRY(JudgedText judged, judge_clear_signed(thing, in_release, keyring, stop));
  return judged.verdict == SignatureVerdict::kGood
             ? Result<SignedText>(std::move(judged.signed_text))
             : Result<SignedText>(refused(thing, std::move(judged.cause)));
}

Result<SignedText> verify_release(const std::string& thing, std::string_view release,
                                  std::string_view signature, ByteView keyring,
                                  const std::stop_token& stop) {
  SLUICE_TRY(const auto folder, PrivateDirectory::make());
  auto& files = posix_file_system();
  SLUICE_TRY_VOID(write_file_durably(files, folder.path() / "keyring.gpg", keyring));
  SLUICE_TRY_VOID(write_file_durably(files, folder.path() / "Release", as_bytes(release)));
  SLUICE_TRY_VOID(write_file_durably(files, folder.path() / "Release.gpg", as_bytes(signature)));
  SLUICE_TRY(const auto outcome, run_gpgv(folder, {"Release.gpg", "Release"}, stop));
  SignedText result;
  SLUICE_TRY(result.fingerprint, good_signature(thing, outcome));
  result.text = release;
  return result;
}

}  // namespace sluice::apt
