#include "lowside/upstream/pypi/resolver.h"

#include <boost/json.hpp>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/process/run.h"
#include "common/process/way_out.h"
#include "lowside/pipeline/tool_folder.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

// pip's cache only ever grows; it keeps what it downloads to resolve.
constexpr std::uint64_t kMaxCacheBytes = std::uint64_t{4} << 30;
// It has each distribution's metadata with its README.
constexpr std::uint64_t kMaxReportBytes = std::uint64_t{512} << 20;
constexpr std::chrono::minutes kTimeLimit{20};  // it downloads wheels whose index gives no metadata

// pip holds markers and the Requires-Python of a wheel against the interpreter that runs it,
// whatever --python-version says (seen in 23.0 and 23.2): both are told the target's values here.
constexpr std::string_view kLauncher = R"(import json
import sys

target = json.loads(sys.argv.pop(1))
try:
    from pip._internal.cli.main import main
    from pip._internal.resolution.resolvelib.candidates import RequiresPythonCandidate
    from pip._vendor.packaging import markers
except ImportError as error:
    sys.exit(f"sluice: no pip that is known: {error}")

own = markers.default_environment
markers.default_environment = lambda: {**own(), **target["markers"]}
if not markers.Marker(f"python_full_version == '{target['markers']['python_full_version']}'").evaluate():
    sys.exit("sluice: no pip that is known: it does not take another machine's markers")

init = RequiresPythonCandidate.__init__
version = tuple(target["version"])
RequiresPythonCandidate.__init__ = lambda self, py_version_info=None: init(self, version)

sys.exit(main())
)";

json::value target_json(const PypiTarget& target) {
  json::object markers;
  for (const auto& [name, value] : target.markers()) {
    markers[name] = value;
  }
  json::array version;
  const std::string python = target.full_python();  // the parts are views of it
  for (const std::string_view part : split(python, '.')) {
    version.emplace_back(std::stoi(std::string(part)));
  }
  return json::object{{"markers", std::move(markers)}, {"version", std::move(version)}};
}

}  // namespace

PipResolver::PipResolver(const PypiSettings& settings, const std::filesystem::path& work)
    : settings_(settings), folder_(std::filesystem::absolute(work) / "pip") {
  bound_cache(folder_ / "cache", kMaxCacheBytes);
}

Result<void> PipResolver::prepare(const PypiWant& want, const std::string& constraints) const {
  std::error_code failure;
  for (const char* name : {"temporary", "target"}) {
    std::filesystem::remove_all(folder_ / name, failure);
  }
  std::filesystem::remove(folder_ / "report.json", failure);
  for (const char* name : {"home", "cache", "temporary"}) {
    std::filesystem::create_directories(folder_ / name, failure);
    if (failure) {
      return errno_error((folder_ / name).string(), failure.value());
    }
  }
  SLUICE_TRY_VOID(write_text(folder_ / "launch.py", kLauncher));
  SLUICE_TRY_VOID(write_text(folder_ / "constraints.txt", constraints));
  return write_text(folder_ / "requirements.txt", want.text());
}

std::vector<std::string> PipResolver::arguments(const PypiTarget& target,
                                                const std::filesystem::path& stand_ins) const {
  std::vector<std::string> result{settings_.python,
                                  "-I",
                                  (folder_ / "launch.py").string(),
                                  json::serialize(target_json(target)),
                                  "install",
                                  "--dry-run",
                                  "--ignore-installed",
                                  "--only-binary=:all:",
                                  "--disable-pip-version-check",
                                  "--no-color",
                                  "--progress-bar=off",
                                  "--retries=2",
                                  "--timeout=60",
                                  "--report=" + (folder_ / "report.json").string(),
                                  "--target=" + (folder_ / "target").string(),
                                  "--implementation=cp",
                                  "--python-version=" + target.full_python()};
  for (const std::string& platform : target.platforms()) {
    result.push_back("--platform=" + platform);
  }
  if (settings_.prereleases) {
    result.emplace_back("--pre");
  }
  if (!stand_ins.empty()) {
    result.push_back("--find-links=" + stand_ins.string());
  }
  result.push_back("--constraint=" + (folder_ / "constraints.txt").string());
  result.push_back("--requirement=" + (folder_ / "requirements.txt").string());
  return result;
}

// All that pip gets of our environment. The index goes here, not among the arguments, which every
// process of the machine can read: its address may hold a password.
std::map<std::string, std::string> PipResolver::environment() const {
  std::map<std::string, std::string> result = process::way_out();
  result["HOME"] = (folder_ / "home").string();
  result["TMPDIR"] = (folder_ / "temporary").string();
  result["PIP_CONFIG_FILE"] = "/dev/null";
  result["PIP_CACHE_DIR"] = (folder_ / "cache").string();
  result["PIP_NO_INPUT"] = "1";
  result["PIP_INDEX_URL"] = settings_.index;
  result["LC_ALL"] = "C.UTF-8";
  if (const auto file = result.find("SSL_CERT_FILE"); file != result.end()) {
    result.try_emplace("PIP_CERT", file->second);
  }
  return result;
}

Result<Resolution> PipResolver::resolve(const PypiWant& want, const std::string& constraints,
                                        const PypiTarget& target,
                                        const std::filesystem::path& stand_ins,
                                        const std::stop_token& stop) {
  SLUICE_TRY_VOID(prepare(want, constraints));
  process::Command command;
  command.arguments = arguments(target, stand_ins);
  command.environment = environment();
  command.working_directory = folder_;
  command.time_limit = kTimeLimit;
  SLUICE_TRY(const process::Outcome outcome, process::run(command, stop));
  if (outcome.standard_error.find("sluice: no pip") != std::string::npos) {
    return Error{ErrorCode::kNotFound, settings_.python + " -m pip",
                 std::string(trim(outcome.standard_error)).substr(0, 300),
                 "apt-get install python3-pip"};
  }
  if (outcome.exit_code != 0) {
    return Resolution{{}, read_pip_failure(outcome.standard_output, outcome.standard_error)};
  }
  SLUICE_TRY(const Bytes report,
             read_file(posix_file_system(), folder_ / "report.json", kMaxReportBytes));
  SLUICE_TRY(auto files, read_pip_report(as_text(report)));
  return Resolution{std::move(files), std::nullopt};
}

}  // namespace sluice::low
