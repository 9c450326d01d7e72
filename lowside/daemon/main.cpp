// sluice-low: the low side's program.
#include <iostream>

#include "common/service/control.h"
#include "common/service/exit_codes.h"
#include "common/service/program.h"
#include "common/tune/tune.h"
#include "lowside/daemon/export_cli.h"
#include "lowside/daemon/init.h"
#include "lowside/daemon/link_text.h"
#include "lowside/daemon/low_daemon.h"
#include "lowside/daemon/request_cli.h"
#include "lowside/daemon/settings_table.h"

namespace {

using namespace sluice;

std::filesystem::path token_file(const config::Settings& settings) {
  return settings.path("daemon", "state") / "control.token";
}

class Running final : public service::Daemon {
 public:
  Running(std::unique_ptr<low::LowDaemon> daemon, std::filesystem::path token)
      : daemon_(std::move(daemon)), token_(std::move(token)) {}

  std::string status() const override { return daemon_->status(); }
  std::optional<std::string> trouble() const override { return daemon_->trouble(); }
  Result<void> reload(const config::Settings& settings) override {
    return daemon_->reload(settings);
  }
  Result<void> mount(http::Router& router) override {
    return service::mount_control(
        router, token_,
        {{"resend",
          [this](std::string_view ranges) -> Result<std::string> {
            SLUICE_TRY(const std::uint64_t passes, daemon_->resend(ranges));
            return std::to_string(passes) + " shipments will be sent again";
          }},
         {"request", [this](std::string_view command) { return daemon_->request(command); }},
         {"export",
          [this](std::string_view command) { return daemon_->exports().command(command); }},
         {"scrub", service::scrub_command(daemon_->scrubber())}});
  }

 private:
  std::unique_ptr<low::LowDaemon> daemon_;
  std::filesystem::path token_;
};

Result<std::unique_ptr<service::Daemon>> start(const config::Settings& settings,
                                               const service::Surroundings& around) {
  SLUICE_TRY(auto daemon, low::LowDaemon::start(settings, around.counters, around.events,
                                                around.clock, around.storage_failed));
  return std::unique_ptr<service::Daemon>(new Running(std::move(daemon), token_file(settings)));
}

Result<std::string> check(const config::Settings& settings) {
  SLUICE_TRY(const auto options, low::read_options(settings));
  observe::Counters counters;
  const SystemClock clock;
  SLUICE_TRY(const auto sources, low::make_sources(settings, counters, clock));
  return low::describe_link(options.transmit, options.sinks.size());
}

int resend(const config::Settings& settings, const service::Given& given) {
  std::string ranges;
  for (const std::string& word : given.values("shipments")) {
    ranges += (ranges.empty() ? "" : " ") + word;
  }
  const auto answer = service::call_control(settings.string("status", "listen"),
                                            token_file(settings), "resend", ranges);
  if (!answer) {
    std::cerr << answer.error().message() << "\n";
    return answer.error().code == ErrorCode::kUnavailable ? service::kExitUnreachable
                                                          : service::kExitFailure;
  }
  std::cout << *answer << "\n";
  return service::kExitOk;
}

int tune_host(const config::Settings& settings, const service::Given& given) {
  const auto options = low::read_options(settings);
  if (!options) {
    std::cerr << options.error().message() << "\n";
    return service::kExitConfiguration;
  }
  std::vector<tune::LowEnd> lanes;
  for (const link::UdpSinkSettings& sink : options->sinks) {
    lanes.push_back({.destination = sink.address,
                     .interface = sink.interface,
                     .mtu = options->transmit.mtu,
                     .rate = options->transmit.rate_bits_per_second,
                     .segmentation = sink.segmentation});
  }
  const auto findings = tune::look_at_low(tune::this_host(), lanes);
  std::cout << (given.has("--json") ? tune::as_json(findings) : tune::as_text(findings));
  return tune::all_well(findings) ? service::kExitOk : service::kExitFailure;
}

int scrub(const config::Settings& settings, const service::Given&) {
  return service::scrub(settings, token_file(settings));
}

}  // namespace

int main(int argc, char** argv) {
  const service::Program program{
      .name = "sluice-low",
      .summary =
          "Sluice's low side: fetches packages, checks them and sends them through a one-way link",
      .table = low::settings_table(),
      .default_config = "/etc/sluice/low.toml",
      .init = low::init,
      .check = check,
      .start = start,
      .subcommands = {
          {.name = "resend",
           .help =
               "Send shipments again: the numbers that sluice-high gaps lists, such as 3,5-7, a "
               "code that sluice-high gaps --code prints, or all: everything that is held, "
               "when nothing else is to be sent",
           .parameters = {{.name = "shipments", .help = "", .required = true, .repeated = true}},
           .run = resend},
          low::request_subcommand(),
          low::export_subcommand(),
          {.name = "scrub",
           .help = "Have the daemon read every blob of the spool again and name what is "
                   "damaged; the status is 1 if anything is",
           .run = scrub},
          {.name = "tune",
           .help = "Hold this machine's kernel, cards and neighbours against the configuration and "
                   "print what to change; the status is 1 if anything is",
           .parameters = {{"--json", "as JSON"}},
           .run = tune_host}}};
  return service::run_program(program, argc, argv);
}
