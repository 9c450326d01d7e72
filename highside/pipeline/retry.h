// Which failures of a store or a disk may go away by themselves.
#pragma once

#include "common/base/error.h"

namespace sluice::high {

// True where the same call can succeed later with nothing else changed: a full disk that an
// operator clears, a device that comes back. What is bad in itself is false.
inline bool worth_retrying(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kExhausted:
    case ErrorCode::kIo:
    case ErrorCode::kCancelled:
      return true;
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
    case ErrorCode::kIntegrity:
    case ErrorCode::kOutdated:
    case ErrorCode::kRefused:
      return false;
  }
  return false;
}

}  // namespace sluice::high
