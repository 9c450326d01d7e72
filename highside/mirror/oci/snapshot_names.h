// Images of a named edition. Their clients take no prefix before /v2, but any before a name:
//
//   HIGH/snapshot/2026-q4/library/nginx    asked for as /v2/snapshot/2026-q4/library/nginx/…
#pragma once

#include "common/http/message.h"

namespace sluice::high {

// The same request as the mirror of that edition knows it: /snapshot/2026-q4/v2/library/nginx/….
// Of a path that begins with neither /v2/snapshot/ nor /v2/edition/, what it was.
http::Request behind_the_snapshot(const http::Request& request);

}  // namespace sluice::high
