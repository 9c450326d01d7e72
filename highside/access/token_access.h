// What tokens allow:
//
//              read                              publish, in the site's namespaces   withdraw,
//              there
//   nobody     unless a token is needed for it   401                                 401
//   reader     yes                               403                                 403
//   publisher  yes                               in his own                          403
//   admin      yes                               yes                                 yes
#pragma once

#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "highside/access/token_store.h"
#include "highside/pipeline/access.h"

namespace sluice::high {

// Callable from any thread.
class TokenAccess final : public AccessControl {
 public:
  // All outlive it.
  TokenAccess(TokenStore& tokens, const Namespaces& namespaces, bool reads_need_token,
              observe::Counters& counters, observe::EventSink& events)
      : tokens_(tokens),
        namespaces_(namespaces),
        reads_need_token_(reads_need_token),
        counters_(counters),
        events_(events) {}

  Verdict decide(const http::Credentials& given, Verb verb, std::string_view ecosystem,
                 std::string_view document) const override;
  std::optional<std::string> identify(const http::Credentials& given) const override;

 private:
  TokenStore& tokens_;
  const Namespaces& namespaces_;
  const bool reads_need_token_;
  observe::Counters& counters_;
  observe::EventSink& events_;
};

}  // namespace sluice::high
