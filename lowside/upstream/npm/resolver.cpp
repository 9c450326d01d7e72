#include "lowside/upstream/npm/resolver.h"

#include <boost/json.hpp>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/process/run.h"
#include "common/process/way_out.h"
#include "lowside/pipeline/tool_folder.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

// npm's cache only ever grows; the packuments of 10 000 packages are about this much.
constexpr std::uint64_t kMaxCacheBytes = std::uint64_t{1} << 30;
constexpr std::uint64_t kMaxLockBytes = std::uint64_t{64} << 20;
constexpr std::chrono::minutes kTimeLimit{10};

// Every key is known to npm 9 or passed over by it. The allow-* keys are npm 11's: what is not in
// the registry is not asked for; older ones are kept from git by a program that fails.
constexpr std::string_view kConfiguration =
    "audit=false\n"
    "fund=false\n"
    "ignore-scripts=true\n"
    "update-notifier=false\n"
    "omit-lockfile-registry-resolved=false\n"
    "lockfile-version=3\n"
    "fetch-retries=2\n"
    "fetch-retry-factor=2\n"
    "fetch-retry-mintimeout=1000\n"
    "fetch-timeout=60000\n"
    "allow-git=none\n"
    "allow-remote=none\n"
    "allow-file=none\n"
    "allow-directory=none\n"
    "git=/bin/false\n";

// All that npm gets of our environment.
std::map<std::string, std::string> environment(const std::filesystem::path& home) {
  std::map<std::string, std::string> result = process::way_out();
  result["HOME"] = home.string();
  // node reads no other file of certificates.
  if (auto own = process::environment_variable("NODE_EXTRA_CA_CERTS")) {
    result["NODE_EXTRA_CA_CERTS"] = std::move(*own);
  } else if (const auto file = result.find("SSL_CERT_FILE"); file != result.end()) {
    result["NODE_EXTRA_CA_CERTS"] = file->second;
  }
  return result;
}

struct NpmFailure {
  std::string code;
  std::string summary;
  std::string detail;
};

// `npm --json` prints {"error": {...}}; what it prints besides is for people.
std::optional<NpmFailure> read_failure(std::string_view output) {
  const std::size_t start = output.find('{');
  const std::size_t end = output.rfind('}');
  if (start == std::string_view::npos || end == std::string_view::npos || end < start) {
    return std::nullopt;
  }
  boost::system::error_code failure;
  const json::value value =
      json::parse(json::string_view(output.data() + start, end - start + 1), failure);
  const auto* object = failure ? nullptr : value.if_object();
  const auto* error = object == nullptr ? nullptr : object->if_contains("error");
  if (error == nullptr || !error->is_object()) {
    return std::nullopt;
  }
  const auto text = [&](std::string_view key) {
    const auto* member = error->get_object().if_contains(key);
    return member != nullptr && member->is_string() ? std::string(member->get_string())
                                                    : std::string();
  };
  return NpmFailure{text("code"), text("summary"), text("detail")};
}

struct KnownFailure {
  std::string_view npm_code;
  ErrorCode code;
  std::string_view cure;
};

constexpr std::string_view kForeignCure =
    "a dependency does not come from a registry: leave out what needs it, or override it";

constexpr std::array kKnownFailures{
    KnownFailure{
        "E404", ErrorCode::kNotFound,
        "correct the package's name in the want-list, or ask the registry's owner for access"},
    KnownFailure{"ETARGET", ErrorCode::kNotFound,
                 "ask for a version that exists: npm view <package> versions"},
    KnownFailure{"ENOVERSIONS", ErrorCode::kNotFound, "the package has no version left: remove it"},
    KnownFailure{"ERESOLVE", ErrorCode::kInvalid,
                 "choose ranges whose peer dependencies agree, or list the packages apart"},
    KnownFailure{"EINVALIDPACKAGENAME", ErrorCode::kInvalid, "correct the package's name"},
    KnownFailure{"EINVALIDTAGNAME", ErrorCode::kInvalid, "correct the range"},
    KnownFailure{"EALLOWGIT", ErrorCode::kInvalid, kForeignCure},
    KnownFailure{"EALLOWREMOTE", ErrorCode::kInvalid, kForeignCure},
    KnownFailure{"EALLOWFILE", ErrorCode::kInvalid, kForeignCure},
    KnownFailure{"EALLOWDIRECTORY", ErrorCode::kInvalid, kForeignCure},
    KnownFailure{"E401", ErrorCode::kRefused, "the registry wants a login"},
    KnownFailure{"E403", ErrorCode::kRefused, "the registry refuses: ask its owner"},
};

// The first line that says something, where npm printed no JSON.
std::string first_line(std::string_view text) {
  for (const std::string_view line : split(text, '\n')) {
    if (!trim(line).empty()) {
      return std::string(trim(line).substr(0, 300));
    }
  }
  return "no message";
}

Error to_error(const NpmWant& want, const process::Outcome& outcome) {
  auto failure = read_failure(outcome.standard_output);
  if (!failure) {
    failure = read_failure(outcome.standard_error);
  }
  if (!failure) {
    return {ErrorCode::kUnavailable, want.name,
            "npm ended with " + std::to_string(outcome.exit_code) + ": " +
                first_line(outcome.standard_error),
            "run npm by hand with the same spec"};
  }
  std::string cause =
      failure->code.empty() ? failure->summary : failure->code + ": " + failure->summary;
  if (failure->code == "ERESOLVE" || failure->code == "E404" ||
      failure->code.starts_with("EALLOW")) {
    // The summary does not name who depends on what.
    std::string detail = failure->detail.substr(0, failure->detail.find("\n\nFix the upstream"));
    detail = detail.substr(0, detail.find("\n\nNote that"));
    std::replace(detail.begin(), detail.end(), '\n', ' ');
    cause += ". " + detail.substr(0, 600);
  }
  for (const KnownFailure& known : kKnownFailures) {
    if (known.npm_code == failure->code) {
      return {known.code, want.name, std::move(cause), std::string(known.cure)};
    }
  }
  return {ErrorCode::kUnavailable, want.name, std::move(cause),
          "check that the registry can be reached from here; it is tried again at the next poll"};
}

}  // namespace

NpmResolver::NpmResolver(const NpmSettings& settings, const std::filesystem::path& work)
    : settings_(settings), folder_(std::filesystem::absolute(work) / "npm") {
  bound_cache(folder_ / "cache", kMaxCacheBytes);
}

Result<void> NpmResolver::prepare(const NpmWant& want) const {
  std::error_code failure;
  std::filesystem::remove_all(folder_ / "project", failure);
  for (const char* name : {"home", "cache", "project"}) {
    std::filesystem::create_directories(folder_ / name, failure);
    if (failure) {
      return errno_error((folder_ / name).string(), failure.value());
    }
  }
  SLUICE_TRY_VOID(write_text(folder_ / "userconfig", kConfiguration));
  SLUICE_TRY_VOID(write_text(folder_ / "globalconfig", ""));  // npm refuses one file for both
  return write_text(folder_ / "project/package.json", want.package_json);
}

Result<std::string> NpmResolver::resolve(const NpmWant& want, const std::stop_token& stop) {
  SLUICE_TRY_VOID(prepare(want));
  process::Command command;
  command.arguments = {settings_.npm,
                       "install",
                       "--package-lock-only",
                       "--ignore-scripts",
                       "--no-audit",
                       "--no-fund",
                       "--json",
                       "--loglevel=error",
                       "--userconfig=" + (folder_ / "userconfig").string(),
                       "--globalconfig=" + (folder_ / "globalconfig").string(),
                       "--cache=" + (folder_ / "cache").string(),
                       "--registry=" + settings_.registry};
  command.environment = environment(folder_ / "home");
  command.working_directory = folder_ / "project";
  command.time_limit = kTimeLimit;
  SLUICE_TRY(const process::Outcome outcome, process::run(command, stop));
  if (outcome.exit_code != 0) {
    return to_error(want, outcome);
  }
  SLUICE_TRY(const Bytes lock,
             read_file(posix_file_system(), folder_ / "project/package-lock.json", kMaxLockBytes));
  return std::string(as_text(lock));
}

}  // namespace sluice::low
