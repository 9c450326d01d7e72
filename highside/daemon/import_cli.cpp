#include "highside/daemon/import_cli.h"

#include <boost/json.hpp>
#include <iostream>

#include "common/base/text.h"
#include "common/service/exit_codes.h"
#include "common/service/follow.h"
#include "common/service/person.h"

namespace sluice::high {
namespace {

namespace json = boost::json;
using config::Settings;
using service::complain;
using service::Desk;
using service::Given;

std::uint64_t number(const json::object& from, const char* key) {
  const json::value* const found = from.if_contains(key);
  return found == nullptr ? 0 : found->to_number<std::uint64_t>();
}

std::string_view text(const json::object& from, const char* key) {
  const json::value* const found = from.if_contains(key);
  return found == nullptr ? std::string_view() : std::string_view(found->as_string());
}

std::string how_far(const json::object& progress) {
  return human_size(number(progress, "bytes")) + " of " +
         human_size(number(progress, "total_bytes")) + "  " + std::string(text(progress, "place"));
}

int show_custody(const json::object& answer) {
  for (const json::value& one : answer.at("volumes").as_array()) {
    const json::object& entry = one.as_object();
    std::cout << text(entry, "imported") << "  " << text(entry, "volume") << "  by "
              << text(entry, "by") << ", carried by "
              << (text(entry, "carrier").empty() ? "-" : text(entry, "carrier")) << ", exported by "
              << text(entry, "exported_by") << ", from " << text(entry, "place")
              << (text(entry, "shipments").empty() ? "" : ", shipments ")
              << text(entry, "shipments") << "\n";
  }
  return service::kExitOk;
}

int show_report(const json::object& report) {
  if (!text(report, "failure").empty()) {
    std::cerr << text(report, "failure") << "\n";
    return service::kExitFailure;
  }
  for (const json::value& line : report.at("lines").as_array()) {
    std::cout << std::string_view(line.as_string()) << "\n";
  }
  if (!text(report, "wipe_record").empty()) {
    std::cout << "\n" << text(report, "wipe_record");
  }
  if (number(report, "refused") > 0) {
    return service::kExitFailure;
  }
  return report.at("complete").as_bool() ? service::kExitOk : service::kExitIncomplete;
}

int run(const Desk& desk, const Given& given) {
  json::object command;
  if (given.has("--stop") || given.has("--custody")) {
    const bool custody = given.has("--custody");
    command["do"] = custody ? "custody" : "stop";
    const auto answer = desk.ask(command);
    if (!answer) {
      return complain(answer.error());
    }
    if (custody && given.has("--json")) {
      std::cout << json::serialize(*answer) << "\n";
    }
    return custody && !given.has("--json") ? show_custody(*answer) : service::kExitOk;
  }
  json::array paths;
  for (const std::string& path : given.values("volumes")) {
    paths.emplace_back(std::filesystem::absolute(path).lexically_normal().string());
  }
  if (paths.empty()) {
    return complain(
        {ErrorCode::kInvalid, "import", "no volume is given", "name folders, images or devices"});
  }
  command["do"] = "start";
  command["paths"] = std::move(paths);
  command["by"] = given.has("--by") ? given.value("--by") : service::person();
  command["carrier"] = given.value("--carrier");
  command["reason"] = given.value("--reason");
  auto report = desk.ask(command);
  if (report) {
    report = service::follow(
        *std::move(report),
        {.look = [&] { return desk.ask(json::object{{"do", "show"}}); }, .how_far = how_far});
  }
  if (!report) {
    return complain(report.error());
  }
  if (given.has("--json")) {
    std::cout << json::serialize(*report) << "\n";
  }
  return given.has("--json") && text(*report, "failure").empty()
             ? (number(*report, "refused") > 0     ? service::kExitFailure
                : report->at("complete").as_bool() ? service::kExitOk
                                                   : service::kExitIncomplete)
             : show_report(*report);
}

}  // namespace

service::Subcommand import_subcommand(
    const std::function<std::filesystem::path(const Settings&)>& token_file) {
  return {.name = "import",
          .help =
              "Take volumes from removable media: folders, ISO images or devices, in any order. "
              "Says what is missing and how to ask for it, and prints the record of what is to "
              "be wiped. Interrupted, it goes on by itself",
          .parameters = {{.name = "--by",
                          .help = "who does so; unless given, who is logged in",
                          .value = "NAME"},
                         {.name = "--carrier", .help = "who carried the media", .value = "NAME"},
                         {.name = "--reason", .help = "why, for the record", .value = "TEXT"},
                         {.name = "--custody", .help = "list who brought which volume, and when"},
                         {.name = "--json", .help = "as JSON"},
                         {.name = "--stop", .help = "stop the import that is under way"},
                         {.name = "volumes", .help = "", .repeated = true}},
          .run = [token_file](const Settings& settings, const Given& given) {
            return run({settings, token_file(settings), "import"}, given);
          }};
}

}  // namespace sluice::high
