#include "lowside/upstream/oci/sif_check.h"

#include "common/base/file_system.h"
#include "common/ecosystem/apt/keyring.h"
#include "common/ecosystem/sif/image.h"
#include "common/ecosystem/sif/signature.h"

namespace sluice::low {
namespace {

using observe::Metric;

constexpr std::string_view kNotChecked = "not-checked";
constexpr std::size_t kMaxRefused = 10'000;  // a source has some hundred images

Metric metric_of(sif::Verdict verdict) {
  switch (verdict) {
    case sif::Verdict::kGood:
      return Metric::kSifGood;
    case sif::Verdict::kUnsigned:
      return Metric::kSifUnsigned;
    case sif::Verdict::kUnknownKey:
      return Metric::kSifUnknownKey;
    case sif::Verdict::kBad:
      break;
  }
  return Metric::kSifBad;
}

}  // namespace

Result<Evidence> SifCheck::check(const std::string& thing, const Sha256Digest& digest,
                                 const std::filesystem::path& path, const std::stop_token& stop) {
  auto found = look(thing, path, stop);
  if (!found &&
      (found.error().code == ErrorCode::kInvalid || found.error().code == ErrorCode::kIntegrity ||
       found.error().code == ErrorCode::kRefused)) {
    if (refused_.size() == kMaxRefused) {
      refused_.clear();
    }
    refused_.insert_or_assign(digest, found.error());
  }
  return found;
}

std::filesystem::file_time_type SifCheck::keyring_time() const {
  std::error_code ignored;  // one that cannot be read is told when it is used
  return std::filesystem::last_write_time(settings_.keyring, ignored);
}

std::optional<Error> SifCheck::refusal(const Sha256Digest& digest) {
  if (const auto now = keyring_time(); now != refused_under_) {
    refused_.clear();
    refused_under_ = now;
  }
  const auto found = refused_.find(digest);
  return found == refused_.end() ? std::nullopt : std::optional(found->second);
}

Result<Evidence> SifCheck::look(const std::string& thing, const std::filesystem::path& path,
                                const std::stop_token& stop) const {
  SLUICE_TRY(const auto file, posix_file_system().open_for_reading(path));
  SLUICE_TRY(const std::uint64_t size, file->size());
  const sif::FileSource source(*file, size);
  const auto image = sif::read_image(thing, source);
  if (!image) {
    counters_.add(Metric::kSifMalformed);
    return image.error();
  }
  if (settings_.keyring.empty()) {
    return Evidence{std::string(kSifEvidence), std::string(kNotChecked)};
  }
  SLUICE_TRY(const Bytes keyring, apt::load_keyring({settings_.keyring.string()}, ""));
  SLUICE_TRY(const sif::Judgement judged,
             sif::judge_signatures(thing, *image, source, keyring, stop));
  counters_.add(metric_of(judged.verdict));
  switch (judged.verdict) {
    case sif::Verdict::kGood:
      return Evidence{std::string(kSifEvidence),
                      std::string(sif::to_string(judged.verdict)) + " " + judged.detail};
    case sif::Verdict::kUnsigned:
      if (!settings_.requires_signatures) {
        return Evidence{std::string(kSifEvidence), std::string(sif::to_string(judged.verdict))};
      }
      return Error{ErrorCode::kRefused, thing,
                   "it is not signed as sif.signatures requires: " + judged.detail,
                   "have it signed (apptainer sign), or set sif.signatures to \"verify\""};
    case sif::Verdict::kUnknownKey:
      return Error{ErrorCode::kIntegrity, thing, "it is signed by nobody known: " + judged.detail,
                   "if who signed it may, add his key to sif.keyring"};
    case sif::Verdict::kBad:
      break;
  }
  return Error{ErrorCode::kIntegrity, thing, "its signature does not hold: " + judged.detail,
               "do not use this image; get it again from who signed it"};
}

bool SifCheck::is_enough(const proto::Blob& blob) const {
  for (const proto::Evidence& evidence : blob.evidence()) {
    if (evidence.kind() == kSifEvidence) {
      const std::string_view found = evidence.detail();
      return settings_.keyring.empty() || found.starts_with(sif::to_string(sif::Verdict::kGood)) ||
             (found == sif::to_string(sif::Verdict::kUnsigned) && !settings_.requires_signatures);
    }
  }
  return false;
}

}  // namespace sluice::low
