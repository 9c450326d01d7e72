// Who may do what, as the publishing protocols ask it. Implemented in access/.
//
//   request's Authorization ─▶ token ─▶ role × verb × namespace ─▶ allowed, 401 or 403
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/http/message.h"

namespace sluice::high {

enum class Verb {
  kRead,
  kPublish,   // add, or replace what is not immutable
  kWithdraw,  // take something away again
};
std::string_view to_string(Verb verb);

struct Verdict {
  enum class Outcome {
    kAllowed,
    kUnknown,    // no token, or none that counts: 401
    kForbidden,  // a token that may not: 403
  };
  Outcome outcome = Outcome::kUnknown;
  std::string who;    // the token's name; empty where none was needed or none counted
  std::string cause;  // of a no, and what helps, for people

  bool allowed() const { return outcome == Outcome::kAllowed; }
};

// Callable from any thread.
class AccessControl {
 public:
  virtual ~AccessControl() = default;
  // Counts what it refuses. `ecosystem` and `document` as records have them; of kRead they do not
  // matter. A document outside the site's namespaces can be published by nobody.
  virtual Verdict decide(const http::Credentials& given, Verb verb, std::string_view ecosystem,
                         std::string_view document) const = 0;
  // Whose token it is, whatever it may: what `npm whoami` and `docker login` ask, and what is asked
  // before a body is taken whose document is not known yet. None: nobody's, which is counted.
  virtual std::optional<std::string> identify(const http::Credentials& given) const = 0;
};

// "Basic …": clients that hold a token and were not asked for it yet send it after this. No
// "Bearer": that would send container clients looking for a server that makes tokens.
inline constexpr std::string_view kChallenge = R"(Basic realm="sluice", charset="UTF-8")";

// Makes `answer`, a protocol's own body with any status, say no: 401 with the challenge, or 403.
http::Response refused(http::Response answer, const Verdict& verdict);
// With a line of text.
http::Response refusal(const Verdict& verdict);
// To whom identify() does not know.
http::Response challenge();

}  // namespace sluice::high
