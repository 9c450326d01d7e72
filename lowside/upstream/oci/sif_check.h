// SIF images on their way in: their structure and the signatures inside of them.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/observe/counters.h"
#include "lowside/pipeline/files.h"
#include "sluice/shipment.pb.h"

namespace sluice::low {

// The kind of evidence that says what was found: "good <fingerprints>", "unsigned", "not-checked".
inline constexpr std::string_view kSifEvidence = "sif-signature";

struct SifSettings {
  std::filesystem::path keyring{};   // of who may sign; empty: signatures are not looked at
  bool requires_signatures = false;  // else what is unsigned is let through, and says so
};

// `counters` outlives it. One thread at a time.
class SifCheck {
 public:
  SifCheck(SifSettings settings, observe::Counters& counters)
      : settings_(std::move(settings)), counters_(counters) {}

  // kInvalid: it is no sound SIF image (common/ecosystem/sif/image.h). kIntegrity: a signature does
  // not hold, or is by a key that the keyring does not have. kRefused: it is unsigned where
  // signatures are required. Reads the whole file where there is a keyring, which is read anew.
  Result<Evidence> check(const std::string& thing, const Sha256Digest& digest,
                         const std::filesystem::path& path, const std::stop_token& stop);
  // Why check() refused these bytes, as long as the keyring is the same: so that they are not
  // fetched again and again.
  std::optional<Error> refusal(const Sha256Digest& digest);
  // Whether what was found before, perhaps under other settings, is enough now.
  bool is_enough(const proto::Blob& blob) const;

 private:
  Result<Evidence> look(const std::string& thing, const std::filesystem::path& path,
                        const std::stop_token& stop) const;
  std::filesystem::file_time_type keyring_time() const;

  const SifSettings settings_;
  observe::Counters& counters_;
  std::map<Sha256Digest, Error> refused_;
  std::filesystem::file_time_type refused_under_{};  // the keyring's, as refused_ knows it
};

}  // namespace sluice::low
