// [[npm]], [[pypi]], [[huggingface]], [[conda]], [[oci]], [[apt]] and [[files]] as upstreams.
#include <set>

#include "common/base/text.h"
#include "common/ecosystem/apt/keyring.h"
#include "common/process/run.h"
#include "lowside/daemon/options.h"
#include "lowside/daemon/source_pattern.h"
#include "lowside/upstream/apt/apt_source.h"
#include "lowside/upstream/conda/conda_source.h"
#include "lowside/upstream/files/files_upstream.h"
#include "lowside/upstream/huggingface/huggingface_source.h"
#include "lowside/upstream/npm/npm_source.h"
#include "lowside/upstream/oci/drop_source.h"
#include "lowside/upstream/oci/oci_source.h"
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

ConfiguredSource source(const Section& section, std::unique_ptr<Upstream> upstream,
                        SourcePattern pattern = {}) {
  return {section.string("name"), values(section), std::move(upstream), std::move(pattern)};
}

// For ecosystems whose settings hold lists of packages and of files.
template <class Source, class Settings>
UpstreamFor with_lists(const Settings& settings, observe::Counters& counters) {
  return [settings, &counters](
             std::vector<std::string> wants,
             std::vector<std::filesystem::path> files) -> Result<std::unique_ptr<Upstream>> {
    Settings own = settings;
    own.packages = std::move(wants);
    own.files = std::move(files);
    return std::unique_ptr<Upstream>(new Source(std::move(own), counters));
  };
}

// A file of wants, a line for each, for ecosystems that have no such files of their own.
Result<void> add_lines(const std::vector<std::filesystem::path>& files,
                       std::vector<std::string>& wants) {
  for (const auto& path : files) {
    SLUICE_TRY(const Bytes text, read_file(posix_file_system(), path, RequestBook::kMaxAskedBytes));
    for (const std::string_view line : split(as_text(text), '\n')) {
      if (!trim(line).empty() && !trim(line).starts_with('#')) {
        wants.emplace_back(trim(line));
      }
    }
  }
  return {};
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

Result<ConfiguredSource> make_npm(const Section& section, observe::Counters& counters) {
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
  SLUICE_TRY(auto pattern,
             read_pattern(section, {"want", "files"}, with_lists<NpmSource>(npm, counters)));
  return source(section, std::make_unique<NpmSource>(std::move(npm), counters), std::move(pattern));
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

Result<ConfiguredSource> make_pypi(const Section& section, observe::Counters& counters) {
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
  SLUICE_TRY(auto pattern,
             read_pattern(section, {"want", "files"}, with_lists<PypiSource>(pypi, counters)));
  return source(section, std::make_unique<PypiSource>(std::move(pypi), counters),
                std::move(pattern));
}

// A subset is one closure under one index: what a source of the pattern "request" wants is its own
// list, and approved as a whole.
Result<SourcePattern> read_apt_pattern(const Section& section, AptSettings::Mode mode) {
  SLUICE_TRY_VOID(
      refuse_window(section, "an archive's indices do not say when a package was published"));
  if (section.string("pattern") == "request" && mode == AptSettings::Mode::kFull) {
    return section.error("pattern", "a full mirror is all that its vendor signs: there is no plan",
                         "use mode = \"subset\", or pattern = \"follow\"");
  }
  const std::string name = section.string("name");
  return read_pattern(section, {"packages"},
                      [name](const auto&, const auto&) -> Result<std::unique_ptr<Upstream>> {
                        return Error{ErrorCode::kRefused, "source " + name,
                                     "an apt subset is one closure, the source's own list",
                                     "add what is wanted to its packages and reload; the plan of "
                                     "the list then waits for an approval"};
                      });
}

Result<ConfiguredSource> make_apt(const Section& section, const std::filesystem::path& keys_folder,
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
  SLUICE_TRY(auto pattern, read_apt_pattern(section, apt.mode));
  return source(section, std::make_unique<AptSource>(std::move(apt), counters, clock),
                std::move(pattern));
}

Result<ConfiguredSource> make_huggingface(const Section& section, observe::Counters& counters) {
  HuggingFaceSettings hub;
  hub.name = section.string("name");
  hub.hub = section.string("hub");
  hub.interval = interval(section);
  hub.repositories = section.strings("want");
  hub.include = section.strings("include");
  hub.exclude = section.strings("exclude");
  hub.token_file = section.path("token");
  const auto for_request =
      [hub, &counters](
          std::vector<std::string> wants,
          const std::vector<std::filesystem::path>& files) -> Result<std::unique_ptr<Upstream>> {
    HuggingFaceSettings own = hub;
    SLUICE_TRY_VOID(add_lines(files, wants));
    own.repositories = std::move(wants);
    return std::unique_ptr<Upstream>(new HuggingFaceSource(std::move(own), counters));
  };
  SLUICE_TRY(auto pattern, read_pattern(section, {"want"}, for_request));
  if (hub.repositories.empty() && !pattern.by_request) {
    return section.error("want", "no repository is named",
                         "name some: want = [\"org/model\"]; only with pattern = \"request\" is "
                         "there none at first");
  }
  return source(section, std::make_unique<HuggingFaceSource>(std::move(hub), counters),
                std::move(pattern));
}

// Two that are served under one name would each take the other's place.
Result<ConfiguredSource> make_conda(const Section& section, observe::Counters& counters,
                                    std::set<std::string>& served) {
  CondaSettings conda;
  conda.name = section.string("name");
  conda.channel = section.string("channel");
  conda.serve_as = section.string("serve_as");
  if (conda.serve_as.empty()) {
    conda.serve_as = conda_channel_name(conda.channel);
  }
  conda.interval = interval(section);
  conda.subdirs = section.strings("subdirs");
  conda.include = section.strings("include");
  conda.exclude = section.strings("exclude");
  conda.window = std::chrono::duration_cast<std::chrono::seconds>(section.duration("window"));
  SLUICE_TRY_VOID(check_settings(conda));
  if (!served.insert(conda.serve_as).second) {
    return section.error("serve_as", "another [[conda]] is served as \"" + conda.serve_as + "\"",
                         "give each a name of its own");
  }
  const auto for_request =
      [conda, &counters](
          std::vector<std::string> wants,
          const std::vector<std::filesystem::path>& files) -> Result<std::unique_ptr<Upstream>> {
    CondaSettings own = conda;
    SLUICE_TRY_VOID(add_lines(files, wants));
    own.include = std::move(wants);
    SLUICE_TRY_VOID(check_settings(own));
    return std::unique_ptr<Upstream>(new CondaSource(std::move(own), counters));
  };
  SLUICE_TRY(auto pattern, read_pattern(section, {"include"}, for_request));
  return source(section, std::make_unique<CondaSource>(std::move(conda), counters),
                std::move(pattern));
}

OciSettings oci_settings(const Section& section) {
  OciSettings oci;
  oci.name = section.string("name");
  oci.registry = section.string("registry");
  oci.drop_folder = section.path("drop");
  oci.settle = std::chrono::duration_cast<std::chrono::seconds>(section.duration("settle"));
  oci.serve_as = section.string("serve_as");
  if (oci.serve_as.empty()) {
    oci.serve_as = oci_registry_name(oci.registry);
  }
  oci.interval = interval(section);
  oci.images = section.strings("want");
  oci.exclude = section.strings("exclude");
  oci.platforms = section.strings("platforms");
  oci.referrers = section.boolean("referrers");
  oci.credentials = section.path("credentials");
  oci.keep_untagged =
      std::chrono::duration_cast<std::chrono::seconds>(section.duration("keep_untagged"));
  return oci;
}

Result<SifSettings> sif_settings(const Section& section) {
  SifSettings sif;
  const std::string& signatures = section.string("signatures");
  sif.requires_signatures = signatures == "require";
  sif.keyring = signatures == "ignore" ? std::filesystem::path() : section.path("keyring");
  if (sif.requires_signatures && sif.keyring.empty()) {
    return section.error("keyring", "nothing says whose signatures are required",
                         "set it to a file with the public keys of who may sign");
  }
  if (!sif.keyring.empty()) {
    SLUICE_TRY_VOID(apt::load_keyring({sif.keyring.string()}, ""));
  }
  return sif;
}

// A drop folder has all that its archives name, at once.
Result<void> check_drop(const Section& section, const OciSettings& oci) {
  if (oci.drop_folder.empty() == oci.registry.empty()) {
    return section.error("registry", "either a registry or a drop folder is to be named",
                         "set one of registry and drop");
  }
  if (oci.drop_folder.empty()) {
    return {};
  }
  if (oci.serve_as.empty()) {
    return section.error("serve_as", "nothing says under which name the images are served",
                         "set serve_as to a name such as images.example.org");
  }
  for (const char* key : {"want", "exclude"}) {
    if (!section.strings(key).empty()) {
      return section.error(key, "of a drop folder all is wanted that its archives name",
                           "leave it out, or give the registry a section of its own");
    }
  }
  if (section.string("pattern") == "request") {
    return section.error("pattern", "who lays a file there has decided already: it is no request",
                         "leave it out");
  }
  return {};
}

// Two that are served under one name would each take the other's place.
Result<ConfiguredSource> make_oci(const Section& section, const Section& sif,
                                  observe::Counters& counters, const Clock& clock,
                                  std::set<std::string>& served) {
  OciSettings oci = oci_settings(section);
  SLUICE_TRY(oci.sif, sif_settings(sif));
  SLUICE_TRY_VOID(check_drop(section, oci));
  SLUICE_TRY_VOID(check_settings(oci));
  SLUICE_TRY_VOID(refuse_window(section, "a registry does not say when a tag was pushed"));
  if (!served.insert(oci.serve_as).second) {
    return section.error("serve_as", "another [[oci]] is served as \"" + oci.serve_as + "\"",
                         "put what is wanted of one registry into one section");
  }
  if (!oci.drop_folder.empty()) {
    return source(
        section,
        std::make_unique<OciDropSource>(std::move(oci), posix_file_system(), counters, clock), {});
  }
  const auto for_request =
      [oci, &counters, &clock](
          std::vector<std::string> wants,
          const std::vector<std::filesystem::path>& files) -> Result<std::unique_ptr<Upstream>> {
    OciSettings own = oci;
    SLUICE_TRY_VOID(add_lines(files, wants));
    own.images = std::move(wants);
    return std::unique_ptr<Upstream>(new OciSource(std::move(own), counters, clock));
  };
  SLUICE_TRY(auto pattern, read_pattern(section, {"want"}, for_request));
  if (oci.images.empty() && !pattern.by_request) {
    return section.error("want", "no image is named",
                         "name some: want = [\"library/nginx:1.27\"]; only with pattern = "
                         "\"request\" is there none at first");
  }
  return source(section, std::make_unique<OciSource>(std::move(oci), counters, clock),
                std::move(pattern));
}

Result<ConfiguredSource> make_files(const Section& section, const Clock& clock) {
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
  SLUICE_TRY_VOID(
      refuse_window(section, "files are pinned by digests: nothing says when they were published"));
  const bool by_request = section.string("pattern") == "request";
  const bool standing = !files.url_list.empty() || !files.checksums.empty();
  if (files.drop_folder.empty() && !standing && !by_request) {
    return section.error("folder", "neither a drop folder, a list nor a checksum file is named",
                         "set folder, list or checksums");
  }
  if (by_request && !files.drop_folder.empty()) {
    return section.error("folder", "who lays a file there has decided already: it is no request",
                         "give the drop folder a source of its own, with pattern = \"follow\"");
  }
  SourcePattern pattern;
  if (by_request) {
    pattern.by_request = ByRequest{
        [files, &clock](
            std::vector<std::string> wants,
            const std::vector<std::filesystem::path>& lists) -> Result<std::unique_ptr<Upstream>> {
          FilesSettings own = files;
          SLUICE_TRY_VOID(add_lines(lists, wants));
          own.url_list.clear();
          own.checksums.clear();
          own.lines = std::move(wants);
          return std::unique_ptr<Upstream>(
              new FilesUpstream(std::move(own), posix_file_system(), clock));
        },
        standing};
  }
  return source(section,
                std::make_unique<FilesUpstream>(std::move(files), posix_file_system(), clock),
                std::move(pattern));
}

}  // namespace

Result<std::vector<ConfiguredSource>> make_sources(const config::Settings& settings,
                                                   observe::Counters& counters,
                                                   const Clock& clock) {
  std::vector<ConfiguredSource> sources;
  std::set<std::string> names;
  const auto add = [&](const Section& section, Result<ConfiguredSource> made) -> Result<void> {
    if (!made) {
      return std::move(made).error();
    }
    if (!names.insert(made->name).second) {
      return section.error("name", "\"" + made->name + "\" is taken by another source",
                           "give each source its own name");
    }
    sources.push_back(std::move(*made));
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
  std::set<std::string> channels;
  for (const Section& section : settings.repeated("conda")) {
    SLUICE_TRY_VOID(add(section, make_conda(section, counters, channels)));
  }
  std::set<std::string> registries;
  for (const Section& section : settings.repeated("oci")) {
    const Section& sif = settings.section("sif");
    auto made = make_oci(section, sif, counters, clock, registries);
    if (made) {
      made->settings += values(sif);
    }
    SLUICE_TRY_VOID(add(section, std::move(made)));
  }
  for (const Section& section : settings.repeated("files")) {
    SLUICE_TRY_VOID(add(section, make_files(section, clock)));
  }
  return sources;
}

}  // namespace sluice::low
