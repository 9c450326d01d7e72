// The status page: one file, nothing from elsewhere, so that it works in a closed network.
#pragma once

#include <string>
#include <string_view>

namespace sluice::service {

std::string status_page(std::string_view program);

}  // namespace sluice::service
