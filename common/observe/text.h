// Texts from anywhere inside JSON and logfmt: whatever bytes they hold, the line stays one line and
// the document stays valid.
#pragma once

#include <string>
#include <string_view>

namespace sluice::observe {

// With its quotes. Bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

// A value of logfmt: quoted where it holds spaces, quotes, '=' or nothing; what is not printable
// UTF-8 becomes \xNN.
std::string logfmt_value(std::string_view text);

}  // namespace sluice::observe
