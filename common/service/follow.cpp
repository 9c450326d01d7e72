#include "common/service/follow.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <thread>

#include "common/service/control.h"
#include "common/service/exit_codes.h"

namespace sluice::service {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kLookEvery{300};

}  // namespace

int complain(const Error& error) {
  std::cerr << error.message() << "\n";
  return error.code == ErrorCode::kUnavailable ? kExitUnreachable : kExitFailure;
}

Result<json::object> Desk::ask(const std::string& argument) const {
  SLUICE_TRY(const std::string answer,
             call_control(settings.string("status", "listen"), token_file, name, argument));
  boost::system::error_code failure;
  json::value value = json::parse(answer, failure);
  if (failure || !value.is_object()) {
    return Error{ErrorCode::kInvalid, "the daemon's answer", "it is no JSON object",
                 "are daemon and command of the same version?"};
  }
  return std::move(value.get_object());
}

Result<json::object> Desk::ask(const json::object& argument) const {
  return ask(json::serialize(argument));
}

Result<json::object> follow(json::object progress, const Following& following) {
  const bool shown = following.how_far && ::isatty(STDERR_FILENO) == 1;
  while (following.under_way(progress)) {
    if (shown) {
      std::cerr << "\r" << following.how_far(progress) << "\x1b[K" << std::flush;
    }
    std::this_thread::sleep_for(kLookEvery);
    SLUICE_TRY(progress, following.look());
  }
  std::cerr << (shown ? "\r\x1b[K" : "") << std::flush;
  return progress;
}

}  // namespace sluice::service
