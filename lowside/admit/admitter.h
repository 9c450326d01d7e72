// The fourth stage: policy.
#pragma once

#include <memory>
#include <mutex>

#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "lowside/admit/policy.h"
#include "lowside/pipeline/audit_log.h"
#include "lowside/pipeline/files.h"
#include "lowside/pipeline/quarantine.h"

namespace sluice::low {

// Callable from any thread.
class Admitter {
 public:
  // `policy` has passed check_policy().
  Admitter(Policy policy, Quarantine& quarantine, AuditLog& audit, const Clock& clock,
           observe::Counters& counters, observe::EventSink& events);

  // For the files that come from now on.
  void set_policy(Policy policy);

  // kRefused names the rule; the file is in quarantine. Both decisions are in the audit log; what
  // it cannot record does not cross.
  Result<AdmittedFile> admit(InspectedFile file);

 private:
  std::shared_ptr<const Policy> policy() const;

  Quarantine& quarantine_;
  AuditLog& audit_;
  const Clock& clock_;
  observe::Counters& counters_;
  observe::EventSink& events_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Policy> policy_;
};

}  // namespace sluice::low
