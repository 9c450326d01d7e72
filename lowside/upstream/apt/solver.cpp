#include "lowside/upstream/apt/solver.h"

#include <algorithm>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/ecosystem/apt/deb822.h"
#include "common/ecosystem/apt/package.h"
#include "common/ecosystem/apt/path.h"
#include "common/process/run.h"
#include "lowside/upstream/apt/uri.h"

namespace sluice::low {
namespace {

constexpr auto kSolverTimeLimit =
    std::chrono::minutes(10);           // reading the largest archives takes a minute
constexpr std::size_t kMaxCause = 800;  // of apt's words in a message

// One architecture's apt: its folders, its configuration, its sources.
class PrivateApt {
 public:
  PrivateApt(std::filesystem::path root, std::string architecture, PollContext& context)
      : root_(std::move(root)), architecture_(std::move(architecture)), context_(context) {}

  Result<void> set_up(const SolverInput& input, const IndexReader& indices) {
    auto& files = posix_file_system();
    std::error_code error;
    std::filesystem::remove_all(root_, error);
    for (const char* folder : {"state/lists/partial", "cache/archives/partial", "log"}) {
      SLUICE_TRY_VOID(files.create_directories(root_ / folder));
    }
    SLUICE_TRY_VOID(write_file_durably(files, root_ / "status", {}));
    SLUICE_TRY_VOID(write(root_ / "apt.conf", configuration(input.recommends)));
    std::string sources;
    for (std::size_t i = 0; i < input.suites.size(); ++i) {
      SLUICE_TRY(const auto entry, lay_out(input.suites[i], input.indices[i],
                                           root_ / "archives" / std::to_string(i), indices));
      sources += entry;
    }
    return write(root_ / "sources.list", sources);
  }

  Result<process::Outcome> apt_get(std::vector<std::string> arguments) {
    process::Command command;
    command.arguments = std::move(arguments);
    command.arguments.insert(command.arguments.begin(), "apt-get");
    command.environment = {{"APT_CONFIG", root_ / "apt.conf"},
                           {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
                           {"HOME", root_},
                           {"LC_ALL", "C"}};
    command.working_directory = root_;
    command.time_limit = kSolverTimeLimit;
    return process::run(command, context_.stop);
  }

 private:
  static Result<void> write(const std::filesystem::path& path, std::string_view text) {
    return write_file_durably(posix_file_system(), path, as_bytes(text));
  }

  std::string configuration(bool recommends) const {
    const std::string root = root_;
    std::string text;
    const auto set = [&](const char* key, const std::string& value) {
      text += std::string(key) + " \"" + value + "\";\n";
    };
    set("Dir", root + "/");
    for (const char* none :
         {"Dir::Etc::main", "Dir::Etc::parts", "Dir::Etc::sourceparts", "Dir::Etc::trusted",
          "Dir::Etc::trustedparts", "Dir::Etc::preferences", "Dir::Etc::preferencesparts"}) {
      set(none, "/dev/null");
    }
    set("Dir::Etc::sourcelist", root + "/sources.list");
    set("Dir::State", root + "/state");
    set("Dir::State::status", root + "/status");
    set("Dir::Cache", root + "/cache");
    set("Dir::Log", root + "/log");
    set("Dir::Bin::methods", "/usr/lib/apt/methods");
    set("APT::Architecture", architecture_);
    text += "APT::Architectures { \"" + architecture_ + "\"; };\n";
    set("APT::Install-Recommends", recommends ? "true" : "false");
    set("APT::Sandbox::User", "root");
    set("APT::Update::Error-Mode", "any");
    set("APT::Get::Show-User-Simulation-Note", "false");
    set("Acquire::Languages", "none");
    // Both were checked when the suite was accepted.
    set("Acquire::Check-Valid-Until", "false");
    set("Acquire::Check-Date", "false");
    return text;
  }

  // The suite as an archive in a folder; returns its line for sources.list. apt checks the
  // signature once more, with the same keyring.
  Result<std::string> lay_out(const AcceptedSuite& suite,
                              const std::vector<PackagesIndex>& packages,
                              const std::filesystem::path& folder, const IndexReader& indices) {
    auto& files = posix_file_system();
    const auto dists = folder / suite.suite.folder();
    SLUICE_TRY_VOID(files.create_directories(dists));
    if (suite.in_release.empty()) {
      SLUICE_TRY_VOID(write(dists / "Release", suite.release));
      SLUICE_TRY_VOID(write(dists / "Release.gpg", suite.release_gpg));
    } else {
      SLUICE_TRY_VOID(write(dists / "InRelease", suite.in_release));
    }
    SLUICE_TRY_VOID(write_file_durably(files, folder / "keyring.gpg", suite.suite.keyring));
    std::string components;
    for (const auto& index : packages) {
      if (index.architecture != architecture_ && index.architecture != "all") {
        continue;
      }
      const auto target = dists / index.variants.front().path;
      SLUICE_TRY_VOID(files.create_directories(target.parent_path()));
      std::error_code error;
      std::filesystem::copy_file(indices.kept(index.variants.front()), target, error);
      if (error) {
        return errno_error(target, error.value());
      }
      if (index.architecture == architecture_) {
        components += " " + index.component;
      }
    }
    return components.empty()
               ? std::string()
               : "deb [arch=" + architecture_ + " signed-by=" + (folder / "keyring.gpg").string() +
                     "] file:" + encode_path(folder.string()) + " " + suite.suite.source.suite +
                     components + "\n";
  }

  std::filesystem::path root_;
  std::string architecture_;
  PollContext& context_;
};

// "E: Unable to locate package x" and what stands before it, without apt's chatter.
std::string apt_words(const process::Outcome& outcome) {
  std::string words;
  const std::string all = outcome.standard_output + "\n" + outcome.standard_error;
  bool relevant = false;
  for (const std::string_view whole : split(all, '\n')) {
    const std::string_view line = trim(whole);
    relevant = relevant || line.starts_with("The following packages have unmet") ||
               line.starts_with("E:") || line.starts_with("Package ");
    if (relevant && !line.empty() && words.size() < kMaxCause) {
      words += (words.empty() ? "" : "; ") + std::string(line);
    }
  }
  return words.empty() ? "apt-get ended with " + std::to_string(outcome.exit_code) : words;
}

// "Inst libc6:arm64 (2.36-9 Debian:12.11/stable [arm64]) []"
void add_chosen(std::string_view output, std::set<ChosenPackage>& chosen) {
  for (const std::string_view line : split(output, '\n')) {
    const auto open = line.find('(');
    const auto close = line.find(')', open);
    if (!line.starts_with("Inst ") || close == std::string_view::npos) {
      continue;
    }
    const auto inside = apt::value_words(line.substr(open + 1, close - open - 1));
    const auto name = apt::value_words(line.substr(5))[0];
    if (inside.size() < 2 || !inside.back().starts_with('[')) {
      continue;
    }
    chosen.insert({name.substr(0, name.find(':')), inside.front(),
                   inside.back().substr(1, inside.back().size() - 2)});
  }
}

// Only what every kind of name may have: nothing that apt-get would take as an option or a pattern.
bool is_package_spec(std::string_view spec) {
  const auto name = spec.substr(0, spec.find_first_of(":=/"));
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '.' || c == '-';
  };
  const auto allowed = [&](char c) {
    return plain(c) || (c >= 'A' && c <= 'Z') ||
           std::string_view(":=/~_").find(c) != std::string_view::npos;
  };
  return name.size() >= 2 && name.front() != '-' && name.front() != '+' && name.front() != '.' &&
         std::ranges::all_of(name, plain) && std::ranges::all_of(spec, allowed);
}

// All names that can be asked for, packages' own and provided ones.
Result<std::set<std::string, std::less<>>> known_names(const SolverInput& input,
                                                       IndexReader& indices) {
  std::set<std::string, std::less<>> names;
  for (std::size_t i = 0; i < input.suites.size(); ++i) {
    for (const auto& index : input.indices[i]) {
      SLUICE_TRY(const auto text, indices.text(input.suites[i], index));
      SLUICE_TRY_VOID(apt::for_each_package(input.suites[i].suite.document, text,
                                            [&](const apt::PackageStanza& package) -> Result<void> {
                                              names.emplace(package.name);
                                              for (const auto name :
                                                   apt::provided_names(package.provides)) {
                                                names.emplace(name);
                                              }
                                              return {};
                                            }));
    }
  }
  return names;
}

// Installs nothing: asks what would be installed. The first error is apt's own words.
Result<void> simulate(PrivateApt& apt, const std::vector<std::string>& specs,
                      std::set<ChosenPackage>& chosen) {
  std::vector<std::string> arguments{"install", "--simulate", "--yes", "-q", "--"};
  arguments.insert(arguments.end(), specs.begin(), specs.end());
  SLUICE_TRY(const auto outcome, apt.apt_get(std::move(arguments)));
  if (outcome.exit_code != 0 || outcome.output_cut) {
    return Error{ErrorCode::kNotFound, specs.front(), apt_words(outcome),
                 "correct the entry in `packages`, or add the suite or component that has it"};
  }
  add_chosen(outcome.standard_output, chosen);
  return {};
}

Result<void> resolve_for(PrivateApt& apt, const std::vector<std::string>& specs, Closure& closure) {
  SLUICE_TRY(const auto update, apt.apt_get({"update", "-q"}));
  if (update.exit_code != 0) {
    return Error{ErrorCode::kIo, "apt-get update", apt_words(update),
                 "it reads only what was fetched and verified: see its words"};
  }
  if (specs.size() > 1 && simulate(apt, specs, closure.packages)) {
    return {};
  }
  for (const auto& spec : specs) {
    const auto alone = simulate(apt, {spec}, closure.packages);
    if (!alone && alone.error().code != ErrorCode::kNotFound) {
      return alone.error();
    }
    if (!alone) {
      closure.problems.push_back(alone.error());
    }
  }
  return {};
}

}  // namespace

Result<Closure> resolve(const SolverInput& input, IndexReader& indices, PollContext& context,
                        observe::Counters& counters) {
  Closure closure;
  SLUICE_TRY(const auto known, known_names(input, indices));
  std::vector<std::string> specs;
  for (const auto& spec : input.packages) {
    if (is_package_spec(spec) && known.contains(spec.substr(0, spec.find_first_of(":=/")))) {
      specs.push_back(spec);
    } else {
      closure.problems.push_back(
          {is_package_spec(spec) ? ErrorCode::kNotFound : ErrorCode::kInvalid, spec,
           is_package_spec(spec) ? "no suite of the source has a package of this name"
                                 : "this is no package's name",
           "correct the entry in `packages`, or add the suite or component that has it"});
    }
  }
  for (const auto& architecture : input.architectures) {
    PrivateApt apt(context.work / "solver" / architecture, architecture, context);
    SLUICE_TRY_VOID(apt.set_up(input, indices));
    if (!specs.empty()) {
      SLUICE_TRY_VOID(resolve_for(apt, specs, closure));
    }
  }
  counters.add(observe::Metric::kWantUnresolved, closure.problems.size());
  return closure;
}

}  // namespace sluice::low
