// [[npm]], [[pypi]], [[apt]] and [[files]] as upstreams.
#include <set>

#include "common/base/text.h"
#include "common/process/run.h"
#include "lowside/daemon/options.h"
#include "lowside/upstream/apt/apt_source.h"
#include "lowside/upstream/files/files_upstream.h"
#include "lowside/upstream/huggingface/huggingface_source.h"
#include "lowside/upstream/npm/npm_source.h"
#include "lowside/upstream/pypi/pypi_source.h"

namespace sluice::low {
namespace {

using config::Section;

std::chrono::seconds interval(const Section& section) {
  return std::chrono::duration_cast<std::chrono::seconds>(section.duration("interval"));
}

std::string values(const Section& section) {
  std::string text = section.spec().name + "\n";
  for (const config::Setting& setting : section.spec().settings) {
    text +=
        setting.key + "=" + config::to_toml(setting.type, section.held(setting.key).value) + "\n";
  }
  return text;
}

// What npm is set to use on this machine: its configuration files and environment decide, as they
// do for a person at the keyboard.
Result<std::string> npm_registry() {
  process::Command command;
  command.arguments = {"npm", "config", "get", "registry"};
  for (const char* name : {"PATH", "HOME", "npm_config_registry", "NPM_CONFIG_USERCONFIG",
                           "NPM_CONFIG_GLOBALCONFIG"}) {
    if (auto value = process::environment_variable(name)) {
      command.environment.emplace(name, std::move(*value));
    }
  }
  command.time_limit = std::chrono::minutes(1);
  SLUICE_TRY(const process::Outcome outcome, process::run(command, {}));
  std::string registry(trim(outcome.standard_output));
  if (outcome.exit_code != 0 || !registry.starts_with("http")) {
    return Error{ErrorCode::kInvalid, "npm config get registry",
                 "answered \"" + registry + "\" " + outcome.standard_error, "set npm.registry"};
  }
  return registry;
}

Result<std::vector<NpmTarget>> npm_targets(const Section& section) {
  std::vector<NpmTarget> targets;
  for (const std::string& text : section.strings("targets")) {
    const auto parts = split(text, '/');
    if (parts.size() < 2 || parts.size() > 3) {
      return section.error("targets", "\"" + text + "\" is no os/cpu/libc",
                           "write \"linux/x64/glibc\" or \"darwin/arm64\"");
    }
    targets.push_back({std::string(parts[0]), std::string(parts[1]),
                       parts.size() == 3 ? std::string(parts[2]) : ""});
  }
  return targets;
}

Result<std::unique_ptr<Upstream>> make_npm(const Section& section, observe::Counters& counters) {
  NpmSettings npm;
  npm.name = section.string("name");
  npm.registry = section.string("registry");
  if (npm.registry.empty()) {
    SLUICE_TRY(npm.registry, npm_registry());
  }
  npm.interval = interval(section);
  npm.packages = section.strings("want");
  npm.files = section.paths("files");
  SLUICE_TRY(npm.targets, npm_targets(section));
  npm.include_dev = section.boolean("dev");
  npm.signatures = section.string("signatures") == "required" ? NpmSignatures::kRequired
                                                              : NpmSignatures::kWhenPresent;
  return std::unique_ptr<Upstream>(new NpmSource(std::move(npm), counters));
}

// What pip is set to use on this machine. It prints nothing where nobody has set anything: its
// default is not written down here.
Result<std::string> pip_index(const std::string& python) {
  process::Command command;
  command.arguments = {python, "-m", "pip", "config", "get", "global.index-url"};
  for (const char* name : {"PATH", "HOME", "XDG_CONFIG_DIRS", "PIP_CONFIG_FILE", "PIP_INDEX_URL"}) {
    if (auto value = process::environment_variable(name)) {
      command.environment.emplace(name, std::move(*value));
    }
  }
  if (const auto set = command.environment.find("PIP_INDEX_URL");
      set != command.environment.end()) {
    return set->second;
  }
  command.time_limit = std::chrono::minutes(1);
  SLUICE_TRY(const process::Outcome outcome, process::run(command, {}));
  std::string index(trim(outcome.standard_output));
  if (outcome.exit_code != 0 || !index.starts_with("http")) {
    return Error{ErrorCode::kInvalid, "pypi.index", "neither it nor pip's own index-url is set",
                 "set pypi.index to the address of an index"};
  }
  return index;
}

Result<std::unique_ptr<Upstream>> make_pypi(const Section& section, observe::Counters& counters) {
  PypiSettings pypi;
  pypi.name = section.string("name");
  pypi.python = section.string("python");
  pypi.index = section.string("index");
  if (pypi.index.empty()) {
    SLUICE_TRY(pypi.index, pip_index(pypi.python));
  }
  pypi.interval = interval(section);
  pypi.packages = section.strings("want");
  pypi.files = section.paths("files");
  pypi.constraints = section.paths("constraints");
  for (const std::string& text : section.strings("targets")) {
    auto target = PypiTarget::read(text);
    if (!target) {
      return section.error("targets", target.error().thing + ": " + target.error().cause,
                           target.error().cure);
    }
    pypi.targets.push_back(std::move(*target));
  }
  pypi.prereleases = section.boolean("prereleases");
  pypi.sources = section.strings("sources");
  return std::unique_ptr<Upstream>(new PypiSource(std::move(pypi), counters));
}

Result<std::unique_ptr<Upstream>> make_apt(const Section& section,
                                           const std::filesystem::path& keys_folder,
                                           observe::Counters& counters, const Clock& clock) {
  AptSettings apt;
  apt.name = section.string("name");
  apt.archive = section.string("archive");
  apt.mode =
      section.string("mode") == "full" ? AptSettings::Mode::kFull : AptSettings::Mode::kSubset;
  apt.sources = section.paths("sources");
  apt.architectures = section.strings("architectures");
  apt.interval = interval(section);
  apt.packages = section.strings("packages");
  apt.recommends = section.boolean("recommends");
  apt.source_packages = section.boolean("source_packages");
  apt.signing_home = section.path("signing_home");
  if (apt.signing_home.empty()) {
    apt.signing_home = keys_folder / "apt";
  }
  SLUICE_TRY_VOID(check_settings(apt));
  return std::unique_ptr<Upstream>(new AptSource(std::move(apt), counters, clock));
}

std::unique_ptr<Upstream> make_huggingface(const Section& section, observe::Counters& counters) {
  HuggingFaceSettings hub;
  hub.name = section.string("name");
  hub.hub = section.string("hub");
  hub.interval = interval(section);
  hub.repositories = section.strings("want");
  hub.include = section.strings("include");
  hub.exclude = section.strings("exclude");
  hub.token_file = section.path("token");
  return std::make_unique<HuggingFaceSource>(std::move(hub), counters);
}

Result<std::unique_ptr<Upstream>> make_files(const Section& section, const Clock& clock) {
  FilesSettings files;
  files.name = section.string("name");
  files.collection = section.string("collection");
  files.interval = interval(section);
  files.drop_folder = section.path("folder");
  files.settle = std::chrono::duration_cast<std::chrono::seconds>(section.duration("settle"));
  files.done_folder = section.path("done");
  files.url_list = section.path("list");
  files.checksums = section.strings("checksums");
  files.include = section.strings("include");
  files.exclude = section.strings("exclude");
  if (files.drop_folder.empty() && files.url_list.empty() && files.checksums.empty()) {
    return section.error("folder", "neither a drop folder, a list nor a checksum file is named",
                         "set folder, list or checksums");
  }
  return std::unique_ptr<Upstream>(new FilesUpstream(std::move(files), posix_file_system(), clock));
}

}  // namespace

Result<std::vector<ConfiguredSource>> make_sources(const config::Settings& settings,
                                                   observe::Counters& counters,
                                                   const Clock& clock) {
  std::vector<ConfiguredSource> sources;
  std::set<std::string> names;
  const auto add = [&](const Section& section,
                       Result<std::unique_ptr<Upstream>> upstream) -> Result<void> {
    if (!upstream) {
      return std::move(upstream).error();
    }
    const std::string& name = section.string("name");
    if (!names.insert(name).second) {
      return section.error("name", "\"" + name + "\" is taken by another source",
                           "give each of [[npm]], [[pypi]], [[apt]] and [[files]] its own name");
    }
    sources.push_back({name, values(section), std::move(*upstream)});
    return {};
  };
  for (const Section& section : settings.repeated("npm")) {
    SLUICE_TRY_VOID(add(section, make_npm(section, counters)));
  }
  for (const Section& section : settings.repeated("pypi")) {
    SLUICE_TRY_VOID(add(section, make_pypi(section, counters)));
  }
  const auto keys_folder = settings.path("keys", "signing").parent_path();
  for (const Section& section : settings.repeated("apt")) {
    SLUICE_TRY_VOID(add(section, make_apt(section, keys_folder, counters, clock)));
  }
  for (const Section& section : settings.repeated("huggingface")) {
    SLUICE_TRY_VOID(add(section, make_huggingface(section, counters)));
  }
  for (const Section& section : settings.repeated("files")) {
    SLUICE_TRY_VOID(add(section, make_files(section, clock)));
  }
  return sources;
}

}  // namespace sluice::low
