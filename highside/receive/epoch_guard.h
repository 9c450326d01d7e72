// Remembers over restarts which session of a stream is the newest, so that a recording of an old
// one starts nothing. The wiring implements it on the store.
#pragma once

#include <string>

#include "common/base/error.h"
#include "common/base/strong.h"

namespace sluice::high {

// Called from the receiver's worker thread, once for each session that begins.
class EpochGuard {
 public:
  virtual ~EpochGuard() = default;
  // What a session that begins is to this side.
  enum class Contact {
    kFirst,              // the stream was never heard before
    kSenderRestarted,    // a higher epoch: the sender began anew
    kReceiverRestarted,  // the session that was admitted last: this side began anew
  };
  // kOutdated: a higher epoch was admitted before, or this one for another session. Admitted: it is
  // durable when this returns. Other errors: the session is not begun, its next announce asks
  // again.
  virtual Result<Contact> admit(const std::string& stream, Epoch epoch, SessionId session) = 0;
};

}  // namespace sluice::high
