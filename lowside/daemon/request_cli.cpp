#include "lowside/daemon/request_cli.h"

#include <boost/json.hpp>
#include <iostream>

#include "common/base/file_system.h"
#include "common/service/exit_codes.h"
#include "common/service/follow.h"
#include "common/service/person.h"
#include "lowside/daemon/request_text.h"
#include "lowside/request/request_book.h"

namespace sluice::low {
namespace {

namespace json = boost::json;
using config::Settings;
using service::complain;
using service::Given;

const service::Parameter kJson{.name = "--json", .help = "as JSON"};
const service::Parameter kBy{
    .name = "--by", .help = "who does so; unless given, who is logged in", .value = "NAME"};
const service::Parameter kReason{
    .name = "--reason", .help = "why, for the record", .value = "TEXT"};
const service::Parameter kId{.name = "id", .help = "of request list", .required = true};

std::string person(const Given& given) {
  return given.has("--by") ? given.value("--by") : service::person();
}

Result<json::object> call(const Settings& settings, const json::object& command) {
  return service::Desk{settings, settings.path("daemon", "state") / "control.token", "request"}.ask(
      command);
}

int show(const json::object& answer, const Given& given) {
  std::cout << (given.has("--json") ? json::serialize(answer) + "\n" : request_text(answer));
  const json::value* unresolved = answer.if_contains("unresolved_total");
  const bool whole = unresolved == nullptr || unresolved->to_number<std::uint64_t>() == 0;
  return whole ? service::kExitOk : service::kExitIncomplete;
}

// One command and what the daemon has to say of the request then.
int decide(const Settings& settings, const Given& given, json::object command) {
  command["by"] = person(given);
  command["reason"] = given.value("--reason");
  const auto answer = call(settings, command);
  if (!answer) {
    return complain(answer.error());
  }
  std::cout << (given.has("--json") ? json::serialize(*answer) + "\n" : request_text(*answer));
  return service::kExitOk;
}

Result<json::array> read_files(const Given& given) {
  json::array files;
  for (const std::string& name : given.values("--file")) {
    const std::filesystem::path path = name;
    SLUICE_TRY(const Bytes bytes,
               read_file(posix_file_system(), path, RequestBook::kMaxAskedBytes));
    files.push_back({{"name", path.filename().string()}, {"content", as_text(bytes)}});
  }
  return files;
}

std::string how_far(const json::object& shown) {
  const json::value* polling = shown.if_contains("polling");
  if (polling == nullptr) {
    return "";
  }
  const json::object& at = polling->as_object();
  return std::string(at.at("stage").as_string()) + " " +
         std::to_string(at.at("done").to_number<std::uint64_t>()) + " of " +
         std::to_string(at.at("total").to_number<std::uint64_t>());
}

// Until it has a plan, or the poll failed.
Result<json::object> wait_for_plan(const Settings& settings, json::object shown) {
  const json::object look{{"do", "show"}, {"id", shown.at("id")}};
  return service::follow(std::move(shown), {.look = [&] { return call(settings, look); },
                                            .how_far = how_far,
                                            .under_way =
                                                [](const json::object& now) {
                                                  return now.at("state").as_string() == "asked" &&
                                                         now.at("failure").as_string().empty();
                                                }});
}

int add(const Settings& settings, const Given& given) {
  const auto files = read_files(given);
  if (!files) {
    return complain(files.error());
  }
  const std::vector<std::string> wants = given.values("want");
  auto asked = call(settings, {{"do", "add"},
                               {"source", given.value("--source")},
                               {"wants", json::array(wants.begin(), wants.end())},
                               {"files", *files},
                               {"by", person(given)},
                               {"reason", given.value("--reason")}});
  if (!asked) {
    return complain(asked.error());
  }
  const auto shown = wait_for_plan(settings, std::move(*asked));
  if (!shown) {
    return complain(shown.error());
  }
  const int code = show(*shown, given);
  return shown->at("failure").as_string().empty() ? code : service::kExitFailure;
}

int list(const Settings& settings, const Given& given) {
  const auto listed = call(settings, {{"do", "list"}, {"all", given.has("--all")}});
  if (!listed) {
    return complain(listed.error());
  }
  std::cout << (given.has("--json") ? json::serialize(*listed) + "\n" : request_table(*listed));
  return service::kExitOk;
}

int show_one(const Settings& settings, const Given& given) {
  const auto shown = call(settings, {{"do", "show"}, {"id", given.value("id")}});
  return shown ? show(*shown, given) : complain(shown.error());
}

service::Subcommand decision(const std::string& name, const std::string& help) {
  return {.name = name,
          .help = help,
          .parameters = {kId,
                         {.name = "digest", .help = "of its plan, all of it", .required = true},
                         kBy,
                         kReason,
                         kJson},
          .run = [name](const Settings& settings, const Given& given) {
            return decide(
                settings, given,
                {{"do", name}, {"id", given.value("id")}, {"digest", given.value("digest")}});
          }};
}

service::Subcommand adding() {
  return {.name = "add",
          .help =
              "Ask a source of the pattern request for something and print the plan when it is "
              "made; the status is 6 if some of it cannot be had",
          .parameters =
              {{.name = "want", .help = "as the source's setting want has them", .repeated = true},
               {.name = "--source",
                .help = "the source; needed where several have the pattern request",
                .value = "NAME"},
               {.name = "--file",
                .help = "a file that lists what is wanted: requirements.txt, pylock.toml, "
                        "package.json, package-lock.json, or lines",
                .value = "LIST",
                .repeated = true},
               kBy,
               kReason,
               kJson},
          .run = add};
}

}  // namespace

service::Subcommand request_subcommand() {
  return {
      .name = "request",
      .help = "Ask for packages, see what that comes to before anything is sent, and approve it",
      .below = {adding(),
                {.name = "list",
                 .help = "List the requests that are under way",
                 .parameters = {{.name = "--all",
                                 .help = "also those that were sent, rejected or withdrawn"},
                                kJson},
                 .run = list},
                {.name = "show",
                 .help = "Show a request, its plan and what became of it",
                 .parameters = {kId, kJson},
                 .run = show_one},
                decision("approve", "Let the plan with exactly this digest be sent"),
                decision("reject", "Say that the plan with exactly this digest is not to be sent"),
                {.name = "withdraw",
                 .help = "Give up a request that was not sent",
                 .parameters = {kId, kBy, kReason, kJson},
                 .run = [](const Settings& settings, const Given& given) {
                   return decide(settings, given, {{"do", "withdraw"}, {"id", given.value("id")}});
                 }}}};
}

}  // namespace sluice::low
