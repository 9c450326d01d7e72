#include "highside/daemon/snapshot_commands.h"

#include <boost/json.hpp>
#include <chrono>
#include <iostream>

#include "common/service/client.h"
#include "common/service/control.h"
#include "common/service/exit_codes.h"
#include "common/service/follow.h"
#include "highside/daemon/snapshot_text.h"

namespace sluice::high {
namespace {

namespace json = boost::json;
using config::Settings;
using service::Given;
using TokenFile = std::filesystem::path (*)(const Settings& settings);

constexpr const char* kName = "name";
// A page of differences is some megabytes, but for a suite of an apt archive that is new as a
// whole; the daemon reads its catalog for each.
constexpr service::Patience kDiffPatience{.time = std::chrono::minutes(10),
                                          .bytes = std::uint64_t{256} << 20};

int complain(const Error& error) {
  std::cerr << error.message() << "\n";
  switch (error.code) {
    case ErrorCode::kUnavailable:
      return service::kExitUnreachable;
    case ErrorCode::kInvalid:
      return service::kExitUsage;
    default:
      return service::kExitFailure;
  }
}

std::string address(const Settings& settings) { return settings.string("status", "listen"); }

// JSON of our own daemon; what does not read is of another version.
Result<json::object> read_object(const Result<std::string>& text) {
  if (!text) {
    return text.error();
  }
  boost::system::error_code failed;
  json::value value = json::parse(*text, failed);
  if (failed || !value.is_object()) {
    return Error{ErrorCode::kRefused, "the daemon's answer", "it cannot be read",
                 "are program and daemon of the same version?"};
  }
  return std::move(value.get_object());
}

Result<std::string> ask(const Settings& settings, TokenFile token, const json::object& what) {
  return service::call_control(address(settings), token(settings), "snapshot",
                               json::serialize(what));
}

int print(const Result<std::string>& text) {
  if (!text) {
    return complain(text.error());
  }
  std::cout << *text << "\n";
  return service::kExitOk;
}

int create(const Settings& settings, TokenFile token, const Given& given) {
  json::object what{{"do", "create"}, {"name", given.value(kName)}};
  if (given.has("--edition")) {
    what["edition"] = given.value("--edition");
  }
  if (given.has("--note")) {
    what["note"] = given.value("--note");
  }
  if (given.has("--keep-for")) {
    const auto milliseconds = read_keep_for(given.value("--keep-for"));
    if (!milliseconds) {
      return complain(milliseconds.error());
    }
    what["keep_for_micros"] = *milliseconds * 1000;
  }
  return print(ask(settings, token, what));
}

int list(const Settings& settings, const Given& given) {
  const auto text = service::fetch(address(settings), "/snapshots");
  if (given.has("--json")) {
    return print(text);
  }
  const auto listing = read_object(text);
  if (!listing) {
    return complain(listing.error());
  }
  std::cout << snapshots_text(*listing);
  return service::kExitOk;
}

// Pages, one behind the other; the first decides which editions the names stand for.
Result<json::object> differences(const Settings& settings, std::string from, std::string to,
                                 const std::function<void(json::object)>& each) {
  json::object first;
  for (std::string behind;;) {
    SLUICE_TRY(json::object page, read_object(service::fetch(address(settings),
                                                             "/snapshots/diff?from=" + from +
                                                                 "&to=" + to + "&behind=" + behind,
                                                             kDiffPatience)));
    for (json::value& document : page.at("changes").as_array()) {
      each(std::move(document.as_object()));
    }
    from = std::to_string(page.at("from").to_number<std::uint64_t>());
    to = std::to_string(page.at("to").to_number<std::uint64_t>());
    if (page.at("next").is_null()) {
      return json::object{{"from", page.at("from")}, {"to", page.at("to")}};
    }
    behind = page.at("next").as_string();
  }
}

bool is_plain(const std::string& name) {
  return !name.empty() && name.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                              "XYZ0123456789._-") == std::string::npos;
}

int diff(const Settings& settings, const Given& given) {
  for (const char* side : {"from", "to"}) {
    if (const std::string word = given.value(side); !is_plain(word)) {
      return complain({ErrorCode::kInvalid, word, "it names no edition",
                       "write a snapshot's name, an edition's number, or current"});
    }
  }
  const bool as_json = given.has("--json");
  json::array all;
  std::map<std::string, std::uint64_t> count;
  auto done =
      differences(settings, given.value("from"), given.value("to"), [&](json::object document) {
        ++count[std::string(document.at("change").as_string())];
        if (as_json) {
          all.push_back(std::move(document));
        } else {
          std::cout << difference_text(document);
        }
      });
  if (!done) {
    return complain(done.error());
  }
  if (as_json) {
    (*done)["changes"] = std::move(all);
    std::cout << json::serialize(*done) << "\n";
  } else {
    std::cout << "from edition " << done->at("from") << " to " << done->at("to") << ": "
              << count["added"] << " documents added, " << count["removed"] << " removed, "
              << count["changed"] << " changed\n";
  }
  return service::kExitOk;
}

int gc(const Settings& settings, TokenFile token, const Given& given) {
  const service::Desk desk{settings, token(settings), "gc"};
  auto progress = desk.ask(given.has("--dry-run") ? "dry-run" : "start");
  if (progress) {
    progress = service::follow(*std::move(progress), {.look = [&] { return desk.ask("show"); }});
  }
  if (!progress) {
    return complain(progress.error());
  }
  if (given.has("--json")) {
    std::cout << json::serialize(*progress) << "\n";
  } else {
    std::cout << gc_text(*progress);
  }
  const std::string_view failure = progress->at("failure").as_string();
  if (!failure.empty()) {
    std::cerr << failure << "\n";
  }
  return failure.empty() ? service::kExitOk : service::kExitFailure;
}

}  // namespace

service::Subcommand snapshot_subcommand(TokenFile token) {
  const service::Parameter as_json{.name = "--json", .help = "as JSON"};
  const service::Parameter name{.name = kName, .help = "of the snapshot", .required = true};
  return {
      .name = "snapshot",
      .help = "Name editions of the catalog, compare them, and let go of names",
      .below = {
          {.name = "create",
           .help = "Give an edition a name, by which clients ask for it and which keeps it: the "
                   "current one unless another is given",
           .parameters = {name,
                          {"--edition", "that edition, or the one of another snapshot", "NUMBER"},
                          {"--keep-for",
                           "let go of it after 1y, 90d or 12h; without it, when it is deleted",
                           "TIME"},
                          {"--note", "what it is for", "TEXT"}},
           .run = [token](const Settings& settings,
                          const Given& given) { return create(settings, token, given); }},
          {.name = "list", .help = "List all snapshots", .parameters = {as_json}, .run = list},
          {.name = "diff",
           .help = "Print what differs between two editions: each document, version, file and tag "
                   "that was added, removed or changed",
           .parameters = {{.name = "from",
                           .help = "a snapshot, an edition's number, or current",
                           .required = true},
                          {.name = "to", .help = "likewise", .required = true},
                          as_json},
           .run = diff},
          {.name = "delete",
           .help = "Take a name away; the next gc frees what only that edition showed",
           .parameters = {name},
           .run = [token](const Settings& settings, const Given& given) {
             return print(ask(settings, token, {{"do", "delete"}, {"name", given.value(kName)}}));
           }}}};
}

service::Subcommand gc_subcommand(TokenFile token) {
  return {.name = "gc",
          .help =
              "Have the daemon let go of editions that are older than catalog.keep_editions_for "
              "and have no name, and free what nothing needs any more",
          .parameters = {{"--dry-run", "only say what would be freed"}, {"--json", "as JSON"}},
          .run = [token](const Settings& settings, const Given& given) {
            return gc(settings, token, given);
          }};
}

}  // namespace sluice::high
