// The way to one registry: requests with the credentials that it asks for.
//
//   request ─ 401, WWW-Authenticate ─> token server ─ token for one repository ─> request again
//
// A token goes to the registry's own address alone; user and password go to where the registry says
// that tokens are to be had, and with Basic to the registry itself.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/upstream/oci/challenge.h"
#include "lowside/upstream/oci/origin.h"
#include "lowside/upstream/oci/settings.h"

namespace sluice::low {

// One thread at a time. Tokens are kept from poll to poll, as long as they live.
class OciRegistry final : public OciOrigin {
 public:
  // `settings.registry` ends with no slash. Both outlive it.
  OciRegistry(const OciSettings& settings, const Clock& clock)
      : settings_(settings), clock_(clock) {}

  std::string_view evidence() const override { return "oci-registry"; }
  // "https://registry.example.org/v2/library/nginx/" + path
  std::string uri(const std::string& repository, const std::string& path) const override;

  void documents(PollContext& context, const std::vector<AskedDocument>& asked,
                 const std::function<void(std::size_t index, Result<Document>)>& done) override;
  Result<Document> document(PollContext& context, const AskedDocument& asked) override;
  // A token that ages while a file waits for its turn is replaced, as long as others arrive.
  void files(PollContext& context, const std::vector<AskedFile>& asked,
             const std::function<void(std::size_t index, Result<FetchedFile>)>& done) override;

 private:
  struct Authorization {
    std::string header;  // empty: none is asked for
    SteadyTime until{};
  };

  Result<std::string> authorization(PollContext& context, const std::string& repository);
  Result<void> ask_for_challenge(PollContext& context);
  Result<Authorization> authorize(PollContext& context, const OciChallenge& challenge,
                                  const std::string& scope);
  Result<std::string> read_credentials() const;

  const OciSettings& settings_;
  const Clock& clock_;
  bool asked_for_challenge_ = false;
  std::optional<OciChallenge> challenge_;                // of the registry
  std::map<std::string, Authorization> authorizations_;  // by repository
};

}  // namespace sluice::low
