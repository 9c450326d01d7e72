// What "sluice-high token" asks for, as the daemon does it, or the subcommand itself on the store
// of one that is stopped.
#pragma once

#include <string>
#include <string_view>

#include "common/observe/events.h"
#include "highside/access/token_store.h"

namespace sluice::high {

// `argument`: {"do": "create", "name", "role", "namespaces": […], "keep_for_micros"}, {"do":
// "revoke", "name"} or {"do": "list"}. Answers JSON: {"token", "name"}, which alone holds a secret;
// {"name"}; {"tokens": […]}. Tells events of what changed.
Result<std::string> change_tokens(TokenStore& tokens, observe::EventSink& events,
                                  const Clock& clock, std::string_view argument);

}  // namespace sluice::high
