#include "lowside/admit/admitter.h"

#include "lowside/pipeline/refuse.h"

namespace sluice::low {

Admitter::Admitter(Policy policy, Quarantine& quarantine, AuditLog& audit, const Clock& clock,
                   observe::Counters& counters, observe::EventSink& events)
    : quarantine_(quarantine),
      audit_(audit),
      clock_(clock),
      counters_(counters),
      events_(events),
      policy_(std::make_shared<const Policy>(std::move(policy))) {}

void Admitter::set_policy(Policy policy) {
  auto next = std::make_shared<const Policy>(std::move(policy));
  const std::scoped_lock lock(mutex_);
  policy_ = std::move(next);
}

std::shared_ptr<const Policy> Admitter::policy() const {
  const std::scoped_lock lock(mutex_);
  return policy_;
}

Result<AdmittedFile> Admitter::admit(InspectedFile file) {
  const FetchedFile& fetched = file.verified().file();
  const std::string& name = fetched.request().name;
  const Decision decision = decide(*policy(), {name, fetched.size(), file.media_type()});
  SLUICE_TRY_VOID(audit_.record({.time = clock_.utc_now(),
                                 .action = decision.admitted ? "admitted" : "refused",
                                 .rule = decision.rule,
                                 .name = name,
                                 .origin = display_uri(fetched.request().uri),
                                 .digest = fetched.digests().front().to_string(),
                                 .detail = decision.detail}));
  if (!decision.admitted) {
    counters_.add(observe::Metric::kAdmitRefused);
    return refuse(quarantine_, events_, fetched, "admit",
                  Error{ErrorCode::kRefused, name,
                        "the rule " + decision.rule + " refuses it: it " + decision.detail,
                        "change the policy if it is meant to cross"},
                  {{"rule", decision.rule}});
  }
  return AdmittedFile(PassKey<Admitter>(), std::move(file));
}

}  // namespace sluice::low
