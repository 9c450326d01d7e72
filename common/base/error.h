// Errors of everything that can go wrong because of the outside: the link, an upstream, a client,
// an operator, a disk. A broken assumption of our own is not an Error: it aborts (SLUICE_ASSERT).
#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <string>
#include <utility>

namespace sluice {

// What the caller does next.
enum class ErrorCode {
  kInvalid,      // the input cannot be right: do not retry until somebody mends it
  kNotFound,     // it is not there
  kUnavailable,  // retry this call later: a time-out, a refused connection, an answer 429 or 5xx
  kIntegrity,    // a digest, signature or chain does not hold: quarantine and tell
  kOutdated,     // older than what is held: a rollback or a replay; keep what is held
  kRefused,      // policy or a named limit says no
  kExhausted,    // no space or no descriptors: shed load, go on by itself when the cause has gone
  kIo,           // the disk or the system failed otherwise: stop and alert
  kCancelled,    // the program is stopping
};

std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code;
  std::string thing;  // what it happened to: a path, a package, a URI, a key of the configuration
  std::string cause;  // why, in the words of whoever refused
  std::string cure;   // what the reader can do; empty where nothing is known to help

  // "thing: cause (cure)" for logs and terminals.
  std::string message() const;
};

template <class T>
using Result = boost::system::result<T, Error>;

// An Error from errno, with ENOSPC, EDQUOT, EMFILE and ENFILE as kExhausted, ENOENT as kNotFound,
// and the rest as kIo.
Error errno_error(std::string thing, int error_number);

// Found by boost::system::result when value() is called on an error: throws std::runtime_error with
// the message. Meant for tests.
[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace sluice

// We are broken: stop before anything false is written. Never for what a peer can cause.
#define SLUICE_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::sluice::assertion_failed(#condition, __FILE__, __LINE__))

#define SLUICE_CONCAT_INNER(a, b) a##b
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_INNER(a, b)

// SLUICE_TRY(auto file, open(path)); returns open's error from the caller, or declares `file`.
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses
#define SLUICE_TRY(declaration, expression) \
  SLUICE_TRY_INNER(declaration, expression, SLUICE_CONCAT(sluice_result_, __LINE__))
#define SLUICE_TRY_INNER(declaration, expression, temporary) \
  auto temporary = (expression);                             \
  if (!temporary) {                                          \
    return std::move(temporary).error();                     \
  }                                                          \
  declaration = std::move(*temporary)
// NOLINTEND(bugprone-macro-parentheses)
// The same for Result<void>.
#define SLUICE_TRY_VOID(expression)                        \
  if (auto sluice_status = (expression); !sluice_status) { \
    return std::move(sluice_status).error();               \
  }                                                        \
  static_assert(true)
