// The subcommands' side of what takes long: a command to the daemon, and how far it is until it has
// ended. Interrupted, they leave the daemon at it.
#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "common/base/error.h"
#include "common/config/settings.h"

namespace sluice::service {

// Prints it; the exit code: kExitUnreachable or kExitFailure.
int complain(const Error& error);

// A command of the daemon that answers with a JSON object.
struct Desk {
  const config::Settings& settings;  // status.listen is asked; must outlive it
  std::filesystem::path token_file;
  std::string name;  // "export"

  // As call_control(); kInvalid: the answer is no object.
  Result<boost::json::object> ask(const std::string& argument) const;
  Result<boost::json::object> ask(const boost::json::object& argument) const;
};

struct Following {
  std::function<Result<boost::json::object>()> look;
  // For people at a terminal, on standard error; empty: nothing is shown.
  std::function<std::string(const boost::json::object&)> how_far{};
  std::function<bool(const boost::json::object&)> under_way = [](const boost::json::object& now) {
    return now.at("running").as_bool();
  };
};

// Looks a few times a second, beginning with `progress`, until it is under way no more.
Result<boost::json::object> follow(boost::json::object progress, const Following& following);

}  // namespace sluice::service
