#include "highside/daemon/token_cli.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <iostream>

#include "common/service/control.h"
#include "common/service/exit_codes.h"
#include "common/store/rocks_store.h"
#include "highside/daemon/snapshot_text.h"
#include "highside/daemon/token_control.h"
#include "highside/daemon/token_text.h"

namespace sluice::high {
namespace {

namespace json = boost::json;
using config::Settings;
using service::Given;
using ControlToken = std::filesystem::path (*)(const Settings& settings);

constexpr const char* kName = "name";

// Nobody listens: the daemon that is started next finds it in the store.
class NoEvents final : public observe::EventSink {
  void emit(observe::Level, std::string_view, observe::Fields) override {}
};

int complain(const Error& error) {
  std::cerr << error.message() << "\n";
  return error.code == ErrorCode::kInvalid ? service::kExitUsage : service::kExitFailure;
}

// As the owner of the store, so that the daemon can write the files that this makes.
Result<void> become_owner(const std::filesystem::path& folder) {
  struct stat found{};
  if (::stat(folder.c_str(), &found) != 0) {
    return Error{ErrorCode::kNotFound, folder, "the daemon has made no store yet",
                 "start sluice-high run once"};
  }
  if (::geteuid() == 0 && (::setegid(found.st_gid) != 0 || ::seteuid(found.st_uid) != 0)) {
    return errno_error(folder, errno);
  }
  return {};
}

Result<std::string> on_the_store(const Settings& settings, const std::string& what) {
  const auto folder = settings.path("daemon", "state") / "index";
  SLUICE_TRY_VOID(become_owner(folder));
  SLUICE_TRY(const auto index, store::open_rocks_store({.folder = folder}));
  const SystemClock clock;
  TokenStore tokens(*index, clock);
  SLUICE_TRY_VOID(tokens.load());
  NoEvents events;
  return change_tokens(tokens, events, clock, what);
}

Result<json::object> ask(const Settings& settings, ControlToken control, const json::object& what) {
  const std::string asked = json::serialize(what);
  auto answer =
      service::call_control(settings.string("status", "listen"), control(settings), "token", asked);
  if (!answer && (answer.error().code == ErrorCode::kUnavailable ||
                  answer.error().code == ErrorCode::kNotFound)) {
    answer = on_the_store(settings, asked);
  }
  if (!answer) {
    return answer.error();
  }
  boost::system::error_code failed;
  json::value value = json::parse(*answer, failed);
  if (failed || !value.is_object()) {
    return Error{ErrorCode::kRefused, "the daemon's answer", "it cannot be read",
                 "are program and daemon of the same version?"};
  }
  return std::move(value.get_object());
}

int create(const Settings& settings, ControlToken control, const Given& given) {
  json::object what{
      {"do", "create"}, {"name", given.value(kName)}, {"role", given.value("--role")}};
  if (given.has("--namespace")) {
    json::array namespaces;
    for (const std::string& text : given.values("--namespace")) {
      namespaces.emplace_back(text);
    }
    what["namespaces"] = std::move(namespaces);
  }
  if (given.has("--expires")) {
    const auto milliseconds = read_keep_for(given.value("--expires"));
    if (!milliseconds) {
      return complain({ErrorCode::kInvalid, "--expires " + given.value("--expires"),
                       "that is no time for it to count", "write 1y, 90d or 12h"});
    }
    what["keep_for_micros"] = *milliseconds * 1000;
  }
  const auto made = ask(settings, control, what);
  if (!made) {
    return complain(made.error());
  }
  std::cerr << "This is told once; only its digest is kept:\n";
  std::cout << std::string_view(made->at("token").as_string()) << "\n";
  return service::kExitOk;
}

int list(const Settings& settings, ControlToken control, const Given& given) {
  const auto listing = ask(settings, control, {{"do", "list"}});
  if (!listing) {
    return complain(listing.error());
  }
  std::cout << (given.has("--json") ? json::serialize(*listing) + "\n" : tokens_text(*listing));
  return service::kExitOk;
}

int revoke(const Settings& settings, ControlToken control, const Given& given) {
  const auto gone = ask(settings, control, {{"do", "revoke"}, {"name", given.value(kName)}});
  if (!gone) {
    return complain(gone.error());
  }
  std::cout << "token " << given.value(kName) << " counts no more\n";
  return service::kExitOk;
}

}  // namespace

service::Subcommand withdraw_subcommand(ControlToken control) {
  return {.name = "withdraw",
          .help =
              "Take away, as a whole, what is published under a name of this site; past "
              "editions and snapshots show it for as long as they are kept",
          .parameters = {{.name = "ecosystem", .help = "pypi, npm, oci, files", .required = true},
                         {.name = "document",
                          .help = "a project, a package, a repository, a path",
                          .required = true}},
          .run = [control](const Settings& settings, const Given& given) {
            const auto done = service::call_control(
                settings.string("status", "listen"), control(settings), "withdraw",
                json::serialize(json::object{{"ecosystem", given.value("ecosystem")},
                                             {"document", given.value("document")}}));
            if (!done) {
              return done.error().code == ErrorCode::kUnavailable ? service::kExitUnreachable
                                                                  : complain(done.error());
            }
            std::cout << *done << "\n";
            return static_cast<int>(service::kExitOk);
          }};
}

service::Subcommand token_subcommand(ControlToken control) {
  const service::Parameter name{.name = kName, .help = "of the token", .required = true};
  return {
      .name = "token",
      .help =
          "Make, list and revoke the tokens by which clients publish, and read where "
          "access.reads_need_token says so",
      .below = {
          {.name = "create",
           .help = "Make a token and print it, once: only its digest is kept",
           .parameters = {name,
                          {"--role", "reader, publisher or admin", "ROLE"},
                          {.name = "--namespace",
                           .help = "where a publisher may publish, such as pypi:acme-*; may be "
                                   "given again",
                           .value = "PATTERN",
                           .repeated = true},
                          {"--expires",
                           "it counts no more after 1y, 90d or 12h; without it, when it is revoked",
                           "TIME"}},
           .run = [control](const Settings& settings,
                            const Given& given) { return create(settings, control, given); }},
          {.name = "list",
           .help = "List all tokens: role, namespaces, when each was made, used and expires",
           .parameters = {{.name = "--json", .help = "as JSON"}},
           .run = [control](const Settings& settings,
                            const Given& given) { return list(settings, control, given); }},
          {.name = "revoke",
           .help = "Take a token back; it counts no more from now on",
           .parameters = {name},
           .run = [control](const Settings& settings, const Given& given) {
             return revoke(settings, control, given);
           }}}};
}

}  // namespace sluice::high
