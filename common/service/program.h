// What both programs have in common on the command line: run, init, check-config, show-config,
// status, tail, man, --help, --version.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/config/settings.h"
#include "common/http/router.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"

namespace sluice::service {

// A running side, as the program sees it. Its destructor takes it down.
class Daemon {
 public:
  virtual ~Daemon() = default;
  // What follows is callable from any thread.
  virtual std::string status() const = 0;                  // a JSON object
  virtual std::optional<std::string> trouble() const = 0;  // why it is not well; none while it is
  virtual Result<void> reload(
      const config::Settings& settings) = 0;  // SIGHUP; on an Error the old settings stay in effect
  virtual Result<void> mount(http::Router& router) = 0;  // pages of its own on the status address
};

// Outlive the daemon.
struct Surroundings {
  observe::Counters& counters;
  observe::EventSink& events;
  const Clock& clock;
  // To be called when the disk has failed so that only a new start can tell what it holds. From any
  // thread; the program then stops with kExitStorage.
  std::function<void(const Error&)> storage_failed;
};

struct Subcommand {
  std::string name;
  std::string help;
  std::string argument{};  // what its one argument is called; empty: it takes none
  std::string flag{};      // its one switch, without the dashes; empty: it has none
  std::string flag_help{};
  // `settings` are checked. `argument` is what was given, words with a space between them; of a
  // command without one, the flag's name if that was given. Prints; returns an exit code.
  std::function<int(const config::Settings& settings, const std::string& argument)> run;
};

struct Program {
  std::string name;     // "sluice-low"
  std::string summary;  // one sentence
  const config::Table& table;
  std::filesystem::path default_config;
  // Makes keys and an example configuration in a folder. Prints what it made and what to do next.
  std::function<Result<void>(const std::filesystem::path& folder)> init;
  // What the table cannot check: keys, addresses, sources. What check-config prints of what follows
  // from the settings: lines of "name: value"; may be empty.
  std::function<Result<std::string>(const config::Settings&)> check;
  std::function<Result<std::unique_ptr<Daemon>>(const config::Settings&, const Surroundings&)>
      start;
  std::vector<Subcommand> subcommands;
};

// The whole of main(). Returns an exit code (exit_codes.h).
int run_program(const Program& program, int argc, char** argv);

}  // namespace sluice::service
