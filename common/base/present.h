// The value of an optional that our own code has filled earlier: that it is empty would be our bug,
// and the program stops before anything false is written.
#pragma once

#include <optional>
#include <utility>

#include "common/base/error.h"

namespace sluice {

template <class T>
const T& present(const std::optional<T>& value) {
  SLUICE_ASSERT(value.has_value());
  return *value;
}

template <class T>
T& present(std::optional<T>& value) {
  SLUICE_ASSERT(value.has_value());
  return *value;
}

template <class T>
T present(std::optional<T>&& value) {
  SLUICE_ASSERT(value.has_value());
  return *std::move(value);
}

}  // namespace sluice
