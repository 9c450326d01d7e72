#include "common/service/program.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <iostream>
#include <limits>

#include "common/config/documents.h"
#include "common/config/load.h"
#include "common/http/server.h"
#include "common/observe/event_log.h"
#include "common/service/client.h"
#include "common/service/endpoints.h"
#include "common/service/exit_codes.h"
#include "common/service/lifecycle.h"
#include "common/service/manual.h"

namespace sluice::service {
namespace {

using observe::Level;

void complain(const std::string& text) { std::cerr << text << "\n"; }

struct Usable {
  config::Settings settings;
  std::string derived;  // for people
};

// The settings, or a message for each thing that is wrong with them.
std::optional<Usable> load_or_complain(const Program& program, const std::filesystem::path& file) {
  const config::Checked checked = config::check(program.table, file);
  for (const config::Problem& problem : checked.problems) {
    complain(config::to_string(problem));
  }
  if (!checked.problems.empty()) {
    return std::nullopt;
  }
  auto derived = program.check(checked.settings);
  if (!derived) {
    complain(derived.error().message());
    return std::nullopt;
  }
  return Usable{checked.settings, std::move(*derived)};
}

void reload(const Program& program, const std::filesystem::path& file, Daemon& daemon,
            observe::EventSink& events) {
  const Result<config::Settings> settings = config::load(program.table, file);
  const Result<void> done = settings ? daemon.reload(*settings) : Result<void>(settings.error());
  if (!done) {
    events.failure(Level::kError, "config.refused", done.error(),
                   {{"effect", "the settings of before stay in effect"}});
    return;
  }
  events.emit(Level::kNotice, "config.reloaded", {{"file", file.string()}});
}

// Told by the daemon's threads; ends the program in the way that a signal does.
class StorageFailure {
 public:
  explicit StorageFailure(observe::EventSink& events) : events_(events) {}

  void report(const Error& error) {
    if (failed_.exchange(true)) {
      return;
    }
    events_.failure(Level::kError, "storage.failed", error,
                    {{"effect", "the daemon stops; its next start shows what the disk holds"}});
    tell_service_manager("the disk failed: " + error.message());
    ::kill(::getpid(), SIGTERM);
  }
  bool failed() const { return failed_; }

 private:
  observe::EventSink& events_;
  std::atomic<bool> failed_ = false;
};

int exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalid:
      return kExitConfiguration;
    case ErrorCode::kIo:
    case ErrorCode::kExhausted:
      return kExitStorage;
    default:
      return kExitFailure;
  }
}

// Everything between a checked configuration and the end of the daemon.
int serve(const Program& program, const std::filesystem::path& file,
          const config::Settings& settings, Signals& signals) {
  const SystemClock clock;
  observe::Counters counters;
  observe::EventLog log(clock, observe::LogWriter::to_standard_error(Level::kInfo, counters));
  log.emit(Level::kNotice, "daemon.starting",
           {{"version", SLUICE_VERSION}, {"config", file.string()}});

  StorageFailure storage(log);
  auto daemon = program.start(
      settings, {counters, log, clock, [&storage](const Error& error) { storage.report(error); }});
  if (!daemon) {
    log.failure(Level::kError, "daemon.failed", daemon.error());
    return exit_code(daemon.error());
  }
  http::Router router;
  mount_endpoints(router, {.program = program.name,
                           .status = [&] { return (*daemon)->status(); },
                           .trouble = [&] { return (*daemon)->trouble(); },
                           .log = log,
                           .counters = counters});
  if (const Result<void> mounted = (*daemon)->mount(router); !mounted) {
    log.failure(Level::kError, "daemon.failed", mounted.error());
    return kExitFailure;
  }
  const http::ServerOptions options{.listen = {settings.string("status", "listen")}, .workers = 2};
  auto server = http::Server::start(
      options, [&router](const http::Request& request) { return router.handle(request); }, counters,
      log);
  if (!server) {
    log.failure(Level::kError, "daemon.failed", server.error());
    return kExitFailure;
  }
  log.emit(Level::kNotice, "daemon.ready",
           {{"status", "http://" + (*server)->addresses().front() + "/"}});
  run_until_stopped(signals,
                    {.reload = [&] { reload(program, file, **daemon, log); },
                     .alive = [&] { return !(*daemon)->status().empty(); },
                     .stopping = [&] { log.emit(Level::kNotice, "daemon.stopping", {}); }});
  log.close();
  (*server)->stop(std::chrono::seconds(1));
  daemon->reset();
  return storage.failed() ? kExitStorage : kExitOk;
}

// The soft limit is for programs that use select(2).
void allow_all_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));  // then it is as it was
  }
}

int run_daemon(const Program& program, const std::filesystem::path& file) {
  allow_all_descriptors();
  Result<Signals> signals = Signals::take_over();
  if (!signals) {
    complain(signals.error().message());
    return kExitFailure;
  }
  const auto usable = load_or_complain(program, file);
  return usable ? serve(program, file, usable->settings, *signals) : kExitConfiguration;
}

int with_status_address(const Program& program, const std::filesystem::path& file,
                        const std::function<Result<void>(const std::string& address)>& act) {
  const Result<config::Settings> settings = config::load(program.table, file);
  if (!settings) {
    complain(settings.error().message());
    return kExitConfiguration;
  }
  const Result<void> done = act(settings->string("status", "listen"));
  if (!done) {
    complain(done.error().message());
    return kExitUnreachable;
  }
  return kExitOk;
}

Result<void> print_status(const std::string& address, bool as_json) {
  SLUICE_TRY(const std::string status, fetch(address, "/status"));
  std::cout << (as_json ? status : status_text(status)) << "\n";
  return {};
}

// Subcommands put what they do into `action`; main runs it after parsing.
using Action = std::function<int()>;

void add_common(const Program& program, CLI::App& app, std::filesystem::path& file,
                std::filesystem::path& folder, bool& as_json, Action& action) {
  app.add_subcommand("run", "Run the daemon, in the foreground; SIGHUP reloads the configuration")
      ->callback([&] { action = [&] { return run_daemon(program, file); }; });
  auto* init = app.add_subcommand(
      "init", "Make keys and an example configuration in a folder; replaces nothing");
  init->add_option("folder", folder, "where they go")->default_val("/etc/sluice");
  init->callback([&] {
    action = [&] {
      const Result<void> done = program.init(folder);
      if (!done) {
        complain(done.error().message());
      }
      return done ? kExitOk : kExitFailure;
    };
  });
  app.add_subcommand("check-config",
                     "Check the configuration and the keys it names; print what follows from it")
      ->callback([&] {
        action = [&] {
          const auto usable = load_or_complain(program, file);
          if (usable) {
            std::cout << file.string() << ": good\n" << usable->derived;
          }
          return usable ? kExitOk : kExitConfiguration;
        };
      });
  app.add_subcommand("show-config", "Print all settings that are in effect, as TOML")
      ->callback([&] {
        action = [&] {
          const auto usable = load_or_complain(program, file);
          if (usable) {
            std::cout << config::show(usable->settings);
          }
          return usable ? kExitOk : kExitConfiguration;
        };
      });
  auto* status = app.add_subcommand("status", "Show the running daemon's status");
  status->add_flag("--json", as_json, "as JSON");
  status->callback([&] {
    action = [&] {
      return with_status_address(program, file, [&](const std::string& address) {
        return print_status(address, as_json);
      });
    };
  });
  app.add_subcommand("tail", "Follow the running daemon's events")->callback([&] {
    action = [&] {
      return with_status_address(program, file, [](const std::string& address) {
        return follow_events(address, [](std::string_view line) {
          return static_cast<bool>(std::cout << line << std::endl);
        });
      });
    };
  });
}

void add_parameter(const Parameter& parameter, CLI::App& command, Given& given) {
  if (parameter.name.starts_with("--") && parameter.value.empty()) {
    command.add_flag_callback(
        parameter.name, [&] { given.add(parameter.name, ""); }, parameter.help);
    return;
  }
  const auto add_one = [&](const std::string& value) { given.add(parameter.name, value); };
  const auto add_all = [&](const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      given.add(parameter.name, value);
    }
  };
  CLI::Option* option =  // a list that takes one word would take the next one's, too
      parameter.repeated
          ? command.add_option_function<std::vector<std::string>>(parameter.name, add_all,
                                                                  parameter.help)
          : command.add_option_function<std::string>(parameter.name, add_one, parameter.help);
  option->required(parameter.required);
  if (!parameter.value.empty()) {
    option->type_name(parameter.value);
  }
  if (parameter.repeated) {
    option->expected(1, std::numeric_limits<int>::max());
    option->allow_extra_args(!parameter.name.starts_with("--"));
  }
}

// Each of the commands puts what it was given into `given`; only one of them is called.
void add_special(const Program& program, const std::vector<Subcommand>& specials, CLI::App& app,
                 const std::filesystem::path& file, Given& given, Action& action) {
  for (const Subcommand& special : specials) {
    auto* subcommand = app.add_subcommand(special.name, special.help);
    for (const Parameter& parameter : special.parameters) {
      add_parameter(parameter, *subcommand, given);
    }
    if (!special.below.empty()) {
      subcommand->require_subcommand(1);
      add_special(program, special.below, *subcommand, file, given, action);
      continue;
    }
    subcommand->callback([&] {
      action = [&] {
        const Result<config::Settings> settings = config::load(program.table, file);
        if (!settings) {
          complain(settings.error().message());
          return static_cast<int>(kExitConfiguration);
        }
        return special.run(*settings, given);
      };
    });
  }
}

void add_man(const Program& program, CLI::App& app, bool& settings_only, Action& action) {
  auto* man = app.add_subcommand("man", "Print the manual page, for man(1)");
  man->add_flag("--settings", settings_only, "only the settings, as tables in Markdown");
  man->callback([&] {
    action = [&] {
      std::cout << (settings_only ? config::markdown(program.table) : manual_page(program));
      return kExitOk;
    };
  });
}

}  // namespace

std::string Given::value(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? "" : found->second.back();
}

std::vector<std::string> Given::values(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

int run_program(const Program& program, int argc, char** argv) {
  CLI::App app(program.summary, program.name);
  app.set_version_flag("--version", program.name + " " SLUICE_VERSION);
  app.require_subcommand(1);
  app.fallthrough();  // --config may stand before or behind the subcommand
  std::filesystem::path file = program.default_config;
  app.add_option("-c,--config", file, "The configuration file")->capture_default_str();

  std::filesystem::path folder;
  Given given;
  bool as_json = false;
  bool settings_only = false;
  Action action;
  add_common(program, app, file, folder, as_json, action);
  add_special(program, program.subcommands, app, file, given, action);
  add_man(program, app, settings_only, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? kExitOk : kExitUsage;
  }
  return action();
}

}  // namespace sluice::service
