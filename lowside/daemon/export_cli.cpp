#include "lowside/daemon/export_cli.h"

#include <boost/json.hpp>
#include <iostream>

#include "common/base/text.h"
#include "common/service/exit_codes.h"
#include "common/service/follow.h"
#include "common/service/person.h"

namespace sluice::low {
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

std::string how_far(const json::object& progress) {
  return std::to_string(number(progress, "shipments_done")) + " of " +
         std::to_string(number(progress, "shipments")) + " shipments, " +
         human_size(number(progress, "bytes")) + " written, " +
         std::to_string(number(progress, "volumes")) + " volumes whole";
}

// What is exported: one of four options.
Result<json::object> selection(const Given& given) {
  json::object chosen;
  int options = 0;
  for (const char* name : {"since", "resend", "only"}) {
    if (const std::string option = std::string("--") + name; given.has(option)) {
      chosen["select"] = name;
      chosen["value"] = given.value(option);
      ++options;
    }
  }
  if (given.has("--all")) {
    chosen["select"] = "all";
    chosen["value"] = "";
    ++options;
  }
  if (options != 1) {
    return Error{ErrorCode::kInvalid, "export", "what is to be exported must be given, once",
                 "--since NUMBER, --resend CODE, --only SOURCE/NAME or --all"};
  }
  return chosen;
}

int run(const Settings& settings, const Given& given) {
  const Desk desk{settings, settings.path("daemon", "state") / "control.token", "export"};
  if (given.has("--stop")) {
    const auto stopped = desk.ask(json::object{{"do", "stop"}});
    return stopped ? service::kExitOk : complain(stopped.error());
  }
  auto command = selection(given);
  if (!command) {
    return complain(command.error());
  }
  if (!given.has("--to")) {
    return complain({ErrorCode::kInvalid, "export", "where to is not given", "--to FOLDER"});
  }
  (*command)["do"] = "start";
  (*command)["to"] = std::filesystem::absolute(given.value("--to")).lexically_normal().string();
  (*command)["size"] = given.has("--size") ? given.value("--size") : "bluray";
  (*command)["earlier"] = given.has("--with-earlier");
  (*command)["iso"] = given.has("--iso");
  (*command)["by"] = given.has("--by") ? given.value("--by") : service::person();
  (*command)["reason"] = given.value("--reason");
  auto progress = desk.ask(*command);
  if (progress) {
    progress = service::follow(
        *std::move(progress),
        {.look = [&] { return desk.ask(json::object{{"do", "show"}}); }, .how_far = how_far});
  }
  if (!progress) {
    return complain(progress.error());
  }
  if (const auto& failure = progress->at("failure").as_string(); !failure.empty()) {
    std::cerr << std::string_view(failure) << "\n";
    return service::kExitFailure;
  }
  for (const json::value& path : progress->at("made").as_array()) {
    std::cout << std::string_view(path.as_string()) << "\n";
  }
  std::cout << how_far(*progress) << "\nThe next export: --since " << number(*progress, "last") + 1
            << "\n";
  return service::kExitOk;
}

}  // namespace

service::Subcommand export_subcommand() {
  return {
      .name = "export",
      .help =
          "Write shipments to volumes for removable media: the stream of the link, encrypted "
          "and signed, with a manifest and a transfer sheet. Interrupted, the same command "
          "goes on where it was",
      .parameters =
          {{.name = "--to", .help = "where the volumes' folders are made", .value = "FOLDER"},
           {.name = "--size",
            .help = "how much fits a medium: cd, dvd, bluray (unless given), or a number such "
                    "as 100G",
            .value = "SIZE"},
           {.name = "--since", .help = "from this shipment on", .value = "NUMBER"},
           {.name = "--resend",
            .help = "what sluice-high gaps --code or an import printed",
            .value = "CODE"},
           {.name = "--only",
            .help = "the latest of one document, such as npm-main/left-pad, with what it needs",
            .value = "SOURCE/NAME"},
           {.name = "--with-earlier",
            .help = "with --only: the source's shipments before it, too, for a high side that "
                    "has none of them"},
           {.name = "--all", .help = "everything that is held"},
           {.name = "--iso", .help = "also an ISO image of each volume, by xorriso"},
           {.name = "--by", .help = "who does so; unless given, who is logged in", .value = "NAME"},
           {.name = "--reason", .help = "why, for the papers", .value = "TEXT"},
           {.name = "--stop", .help = "stop the export that is under way"}},
      .run = run};
}

}  // namespace sluice::low
