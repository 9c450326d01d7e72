#include "common/base/error.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace sluice {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kNotFound:
      return "not-found";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kIntegrity:
      return "integrity";
    case ErrorCode::kOutdated:
      return "outdated";
    case ErrorCode::kRefused:
      return "refused";
    case ErrorCode::kExhausted:
      return "exhausted";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

std::string Error::message() const {
  std::string text = thing.empty() ? cause : thing + ": " + cause;
  if (!cure.empty()) {
    text += " (" + cure + ")";
  }
  return text;
}

Error errno_error(std::string thing, int error_number) {
  const std::string cause = std::generic_category().message(error_number);
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return {ErrorCode::kExhausted, std::move(thing), cause,
              "free space on that file system (df, df -i)"};
    case EMFILE:
    case ENFILE:
      return {ErrorCode::kExhausted, std::move(thing), cause, "raise LimitNOFILE"};
    case ENOENT:
      return {ErrorCode::kNotFound, std::move(thing), cause, ""};
    default:
      return {ErrorCode::kIo, std::move(thing), cause, ""};
  }
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  throw std::runtime_error(error.message() + " [" + where.to_string() + "]");
}

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace sluice
