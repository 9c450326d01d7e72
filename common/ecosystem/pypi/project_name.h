// Names of PyPI projects. The rules are those of the specification "Names and normalization" (PEP
// 503, PEP 508).
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::pypi {

// "zope-interface" of "Zope.Interface": lower case, runs of "-", "_" and "." as one "-".
std::string normalise(std::string_view name);

// Whether a project may have that name, normalised or not. kInvalid says which rule is broken. Only
// ASCII passes, so that no name can look like another by letters of another script.
Result<void> check_project_name(std::string_view name);

// A proper name in its normalised form: the key of documents and pages.
bool is_normalised(std::string_view name);

}  // namespace sluice::pypi
