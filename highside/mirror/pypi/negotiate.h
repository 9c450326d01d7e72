// Which form of a page a client wants (PEP 691; RFC 9110 section 12.5.1).
#pragma once

#include <optional>
#include <string_view>

namespace sluice::high {

enum class PageForm {
  kHtml,         // text/html: also for who says nothing
  kVersionHtml,  // application/vnd.pypi.simple.v1+html, the same bytes
  kJson,         // application/vnd.pypi.simple.v1+json
};

std::string_view media_type(PageForm form);

// By `accept`, the header's value, empty where there is none. None: the client takes none of them.
// Where it likes two equally, it gets what older clients read.
std::optional<PageForm> negotiate(std::string_view accept);

}  // namespace sluice::high
