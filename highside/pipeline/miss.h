// What a client asked for by a plausible name and this side does not hold. The answer, a 404, tells
// it as a package URL in a field of its own: so the wanted list counts what mirrors say no to
// without knowing them, and who asked sees what was noted.
//
//   Sluice-Wanted: pkg:npm/%40types/node@20.1.0
#pragma once

#include <string_view>
#include <utility>

#include "common/ecosystem/purl/package_url.h"
#include "common/http/message.h"

namespace sluice::high {

inline constexpr std::string_view kWantedField = "Sluice-Wanted";

// Tells it, if the answer is a 404.
inline http::Response with_miss(http::Response answer, const purl::Package& package) {
  if (answer.status == 404) {
    answer.headers.emplace(kWantedField, purl::package_url(package));
  }
  return answer;
}

}  // namespace sluice::high
