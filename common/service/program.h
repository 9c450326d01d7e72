// What both programs have in common on the command line: run, init, check-config, show-config,
// status, tail, man, --help, --version.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
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

// What a subcommand takes besides its name.
struct Parameter {
  std::string name;  // "--json" is an option, "shipments" a word
  std::string help;
  std::string value{};    // of an option, what its value is called: "FILE"; empty: it is a switch
  bool required = false;  // a word that is not may only be the last
  bool repeated = false;
};

// What was given of a subcommand's parameters.
class Given {
 public:
  bool has(const std::string& name) const { return values_.contains(name); }
  std::string value(const std::string& name) const;  // the last; empty where none was given
  std::vector<std::string> values(const std::string& name) const;
  void add(const std::string& name, std::string value) {
    values_[name].push_back(std::move(value));
  }

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

struct Subcommand {
  std::string name;
  std::string help;
  std::vector<Parameter> parameters{};
  // `settings` are checked. Prints; returns an exit code. Empty where `below` has commands.
  std::function<int(const config::Settings& settings, const Given& given)> run{};
  std::vector<Subcommand> below{};  // of which one must be given: "snapshot list"
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
