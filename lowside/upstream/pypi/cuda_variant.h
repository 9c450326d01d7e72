// For which CUDA a file was built: a custom of those who build with it, not a standard.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace sluice::low {

// "cu121" by the local version ("torch-2.1.0+cu121-cp311-…"), "cu12" by the project's name
// ("nvidia-cublas-cu12"); none if neither says so. `project` is normalised.
std::optional<std::string> cuda_variant(const std::string& project, const std::string& filename);

// Whether the keys cannot be in one environment: two that name the whole version and differ, or
// that differ in the first number.
bool are_mixed(const std::map<std::string, std::string>& variants);

}  // namespace sluice::low
