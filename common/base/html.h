// Text within a page.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// For text between tags and for attributes in double quotes (HTML, 13.3: & < > ").
std::string html_escape(std::string_view text);

}  // namespace sluice
