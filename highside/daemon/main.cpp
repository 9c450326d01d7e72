// sluice-high: the high side's program.
#include <iostream>

#include "common/service/client.h"
#include "common/service/control.h"
#include "common/service/exit_codes.h"
#include "common/service/no_core.h"
#include "common/service/program.h"
#include "common/tune/tune.h"
#include "highside/daemon/gaps_text.h"
#include "highside/daemon/high_daemon.h"
#include "highside/daemon/import_cli.h"
#include "highside/daemon/init.h"
#include "highside/daemon/memory_text.h"
#include "highside/daemon/settings_table.h"
#include "highside/daemon/snapshot_commands.h"
#include "highside/daemon/token_cli.h"
#include "highside/daemon/wanted_text.h"

namespace {

using namespace sluice;

std::filesystem::path token_file(const config::Settings& settings) {
  return settings.path("daemon", "state") / "control.token";
}

class Running final : public service::Daemon {
 public:
  Running(std::unique_ptr<high::HighDaemon> daemon, std::filesystem::path token)
      : daemon_(std::move(daemon)), token_(std::move(token)) {}

  std::string status() const override { return daemon_->status(); }
  std::optional<std::string> trouble() const override { return daemon_->trouble(); }
  Result<void> reload(const config::Settings&) override {
    return Error{ErrorCode::kRefused, "reload",
                 "the high side has nothing that can change while it runs",
                 "restart it: what it is putting together goes on where it was"};
  }
  Result<void> mount(http::Router& router) override {
    router.mount("/gaps",
                 [this](const http::Request&) { return http::json_response(daemon_->gaps()); });
    router.mount("/wanted",
                 [this](const http::Request&) { return http::json_response(daemon_->wanted()); });
    high::mount_snapshots(router, daemon_->snapshots());
    auto commands = high::snapshot_commands(daemon_->snapshots());
    commands.emplace("scrub", service::scrub_command(daemon_->scrubber()));
    commands.emplace("withdraw", [this](std::string_view what) { return daemon_->withdraw(what); });
    commands.emplace("token",
                     [this](std::string_view what) { return daemon_->change_tokens(what); });
    commands.emplace(
        "import", [this](std::string_view command) { return daemon_->imports().command(command); });
    return service::mount_control(router, token_, commands);
  }

 private:
  std::unique_ptr<high::HighDaemon> daemon_;
  std::filesystem::path token_;
};

Result<std::unique_ptr<service::Daemon>> start(const config::Settings& settings,
                                               const service::Surroundings& around) {
  service::forbid_core_files();
  SLUICE_TRY(auto daemon, high::HighDaemon::start(settings, around.counters, around.events,
                                                  around.clock, around.storage_failed));
  return std::unique_ptr<service::Daemon>(new Running(std::move(daemon), token_file(settings)));
}

Result<std::string> check(const config::Settings& settings) {
  SLUICE_TRY(const auto options, high::read_options(settings));
  return high::describe_memory(options);
}

int tune_host(const config::Settings& settings, const service::Given& given) {
  const auto options = high::read_options(settings);
  if (!options) {
    std::cerr << options.error().message() << "\n";
    return service::kExitConfiguration;
  }
  std::vector<tune::HighEnd> lanes;
  for (const link::UdpSourceSettings& source : options->sources) {
    lanes.push_back({.address = source.address,
                     .interface = source.interface,
                     .receive_buffer = source.receive_buffer_bytes,
                     .coalesce = source.coalesce});
  }
  const auto findings = tune::look_at_high(tune::this_host(), lanes);
  std::cout << (given.has("--json") ? tune::as_json(findings) : tune::as_text(findings));
  return tune::all_well(findings) ? service::kExitOk : service::kExitFailure;
}

int scrub(const config::Settings& settings, const service::Given&) {
  return service::scrub(settings, token_file(settings));
}

int gaps(const config::Settings& settings, const service::Given& given) {
  const auto json = service::fetch(settings.string("status", "listen"), "/gaps");
  if (!json) {
    std::cerr << json.error().message() << "\n";
    return service::kExitUnreachable;
  }
  const auto text = given.has("--code") ? high::codes_text(*json) : high::gaps_text(*json);
  std::cout << (text ? *text : text.error().message() + "\n");
  return text ? service::kExitOk : service::kExitFailure;
}

int wanted(const config::Settings& settings, const service::Given& given) {
  const auto json = service::fetch(settings.string("status", "listen"), "/wanted");
  if (!json) {
    std::cerr << json.error().message() << "\n";
    return service::kExitUnreachable;
  }
  if (given.has("--json")) {
    std::cout << *json << "\n";
    return service::kExitOk;
  }
  const auto text = given.has("--export") ? high::want_list(*json, given.value("--export"))
                                          : high::wanted_text(*json);
  (text ? std::cout : std::cerr) << (text ? *text : text.error().message() + "\n");
  return text ? service::kExitOk : service::kExitFailure;
}

}  // namespace

int main(int argc, char** argv) {
  const service::Program program{
      .name = "sluice-high",
      .summary =
          "Sluice's high side: takes what comes through a one-way link, checks it and serves it as "
          "package registries",
      .table = high::settings_table(),
      .default_config = "/etc/sluice/high.toml",
      .init = high::init,
      .check = check,
      .start = start,
      .subcommands = {
          {.name = "gaps",
           .help = "List the shipments that have not arrived whole, and what is missing of each",
           .parameters = {{"--code",
                           "print only what to type on the low side, as a short code with a "
                           "checksum"}},
           .run = gaps},
          {.name = "wanted",
           .help = "List what clients asked for and is not here, what is asked for most first",
           .parameters =
               {{"--export",
                 "print a want-list for the low side, in the words of one type of package: npm, "
                 "pypi, huggingface, conda, oci, deb or generic",
                 "TYPE"},
                {"--json", "as JSON"}},
           .run = wanted},
          {.name = "scrub",
           .help = "Have the daemon read every stored blob again, name what is damaged and what "
                   "sends it again; the status is 1 if anything is",
           .run = scrub},
          high::import_subcommand(token_file),
          high::snapshot_subcommand(token_file),
          high::gc_subcommand(token_file),
          high::token_subcommand(token_file),
          high::withdraw_subcommand(token_file),
          {.name = "tune",
           .help = "Hold this machine's kernel, cards and neighbours against the configuration and "
                   "print what to change; the status is 1 if anything is",
           .parameters = {{"--json", "as JSON"}},
           .run = tune_host}}};
  return service::run_program(program, argc, argv);
}
