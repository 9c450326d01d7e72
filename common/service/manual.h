// The manual page of a program, made from its subcommands and its table of settings.
#pragma once

#include <string>

#include "common/service/program.h"

namespace sluice::service {

std::string manual_page(const Program& program);  // man(7), section 8

}  // namespace sluice::service
