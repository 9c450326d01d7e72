// Texts made from the table, so that they cannot drift from what the program reads.
#pragma once

#include <string>

#include "common/config/settings.h"

namespace sluice::config {

// show-config: what is in effect, as TOML that loads to the same settings; each line says where its
// value comes from.
std::string show(const Settings& settings);

// init: every setting with its help; commented out where there is a default.
std::string example(const Table& table);

std::string markdown(const Table& table);  // a table for each section
std::string man(const Table& table);       // sections of a manual page, in man(7)

}  // namespace sluice::config
