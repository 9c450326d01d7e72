#include "highside/pipeline/access.h"

#include <utility>

namespace sluice::high {

std::string_view to_string(Verb verb) {
  switch (verb) {
    case Verb::kRead:
      return "read";
    case Verb::kPublish:
      return "publish";
    case Verb::kWithdraw:
      return "withdraw";
  }
  return "";
}

http::Response refused(http::Response answer, const Verdict& verdict) {
  SLUICE_ASSERT(!verdict.allowed());
  const bool unknown = verdict.outcome == Verdict::Outcome::kUnknown;
  answer.status = unknown ? 401 : 403;
  if (unknown) {
    answer.headers.emplace("WWW-Authenticate", kChallenge);
  }
  return answer;
}

http::Response refusal(const Verdict& verdict) {
  return refused(http::error_response(403, verdict.cause), verdict);
}

http::Response challenge() {
  return refusal({Verdict::Outcome::kUnknown, "",
                  "this needs a token that counts: sluice-high token create makes one"});
}

}  // namespace sluice::high
