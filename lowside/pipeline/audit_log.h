// What policy decided about each file, for those who must be able to show it later.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/base/error.h"

namespace sluice::low {

struct AuditEntry {
  UtcTime time{};
  std::string action;  // "admitted", "refused"
  std::string rule;    // which rule decided: "max-file-size", "default"
  std::string name;    // "left-pad-1.3.0.tgz"
  std::string origin;  // a URI without credentials
  std::string digest;  // "sha256:<hex>"
  std::string detail;  // in words
};

// Callable from any thread.
class AuditLog {
 public:
  virtual ~AuditLog() = default;
  // Durable not later than the next blob that the spool takes.
  virtual Result<void> record(const AuditEntry& entry) = 0;
};

}  // namespace sluice::low
