#include "highside/mirror/setup/settings_files.h"

#include <algorithm>

namespace sluice::high {
namespace {

constexpr std::string_view kHub = "docker.io";

// pip refuses plain HTTP but from this machine itself, and is right: what it installs runs as the
// user. The way out is TLS, not trusted-host.
std::string pip_text(const SetupPlace& place) {
  std::string text =
      "[global]\nindex-url = " + place.root + "/pypi/simple/\ndisable-pip-version-check = true\n";
  if (!place.authority.empty()) {
    text += "cert = " + place.authority + "\n";
  }
  if (!place.secure) {
    text +=
        "# This registry is served over plain HTTP, which pip takes from its own machine alone: "
        "have "
        "it served over TLS.\n";
  }
  return text;
}

// Read by npm, pnpm and yarn 1.
std::string npmrc_text(const SetupPlace& place) {
  std::string text = "registry=" + place.root + "/npm/\nupdate-notifier=false\nfund=false\n";
  return place.authority.empty() ? text : text + "cafile=" + place.authority + "\n";
}

std::string yarnrc_text(const SetupPlace& place) {
  std::string text = "npmRegistryServer: \"" + place.root + "/npm/\"\nenableTelemetry: false\n";
  if (!place.authority.empty()) {
    text += "httpsCaFilePath: \"" + place.authority + "\"\n";
  }
  if (!place.secure) {
    text += "unsafeHttpWhitelist:\n  - \"" + place.host + "\"\n";
  }
  return text;
}

// The hub's client asks the hub alone with these; the last three are for machines that are to ask
// nobody at all.
std::string huggingface_text(const SetupPlace& place) {
  std::string text = "export HF_ENDPOINT=\"" + place.root +
                     "/hf\"\nexport HF_HUB_DISABLE_TELEMETRY=1\nexport HF_HUB_DISABLE_XET=1\n";
  if (!place.authority.empty()) {
    text += "export REQUESTS_CA_BUNDLE=\"" + place.authority + "\"\nexport SSL_CERT_FILE=\"" +
            place.authority + "\"\n";
  }
  return text +
         "# Where models are kept: export HF_HOME=/srv/models\n"
         "# To use only what is there already: export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 "
         "HF_DATASETS_OFFLINE=1\n";
}

std::string huggingface_module(const SetupPlace& place) {
  return "// import { hubUrl } from \"./huggingface.mjs\"; await listFiles({ repo, hubUrl });\n"
         "export const hubUrl = \"" +
         place.root + "/hf\";\n";
}

// Read by conda, mamba and micromamba: "-c conda-forge" is then this side's. What "defaults" would
// mean is outside.
std::string condarc_text(const SetupPlace& place) {
  std::string text = "channel_alias: " + place.root +
                     "/conda\ndefault_channels: []\nnotify_outdated_conda: false\n"
                     "report_errors: false\n";
  if (!place.authority.empty()) {
    text += "ssl_verify: " + place.authority + "\n";
  }
  return text +
         "# Channels that are here, so that nobody need name them:\n"
         "# channels: [conda-forge]\n";
}

// Host and port, and the prefix of a snapshot: how the tools of images name a place.
std::string location_of(const SetupPlace& place) {
  return place.root.substr(place.root.find("//") + 2);
}
std::string authority_of(const SetupPlace& place) {
  const std::string location = location_of(place);
  return location.substr(0, location.find('/'));
}

// "FROM nginx" is then this side's, and so is "quay.io/org/app", where that registry's images are
// held. Without TLS each place says so: there is nothing that could be verified.
std::string containers_text(const SetupPlace& place, const SetupRegistries& registries) {
  const std::string plain = place.secure ? "" : "insecure = true\n";
  std::string text;
  if (!registries.default_namespace.empty()) {
    text += "unqualified-search-registries = [\"" + registries.default_namespace + "\"]\n";
  }
  std::vector<std::string> all = registries.held;
  if (std::ranges::find(all, registries.default_namespace) == all.end() &&
      !registries.default_namespace.empty()) {
    all.insert(all.begin(), registries.default_namespace);
  }
  for (const std::string& registry : all) {
    if (registry.find(':') != std::string::npos) {  // no place may have a second port
      text += "# " + registry + " is asked for by its whole name: " + location_of(place) + "/" +
              registry + "/…, through containerd alone\n";
      continue;
    }
    text += "\n[[registry]]\nprefix = \"" + registry + "\"\nlocation = \"" + location_of(place) +
            "/" + registry + "\"\n" + plain;
  }
  if (!place.secure) {
    text += "\n[[registry]]\nlocation = \"" + authority_of(place) + "\"\n" + plain;
  }
  return text;
}

// Whatever registry an image names, this side is asked for it, and nobody else.
std::string containerd_text(const SetupPlace& place) {
  const std::string at = place.root + "/v2";
  std::string text = "server = \"" + at + "\"\noverride_path = true\n\n[host.\"" + at +
                     "\"]\ncapabilities = [\"pull\", \"resolve\"]\noverride_path = true\n";
  return place.authority.empty() ? text : text + "ca = \"" + place.authority + "\"\n";
}

std::string docker_text(const SetupPlace& place) {
  std::string text = "{\n  \"registry-mirrors\": [\"" + place.root + "\"]";
  if (!place.secure) {
    text += ",\n  \"insecure-registries\": [\"" + authority_of(place) + "\"]";
  }
  return text + "\n}\n";
}

std::string node_text(const SetupPlace& place) {
  return "export NODE_EXTRA_CA_CERTS=\"" + place.authority + "\"\n";
}

std::string apt_text(const SetupPlace& place) {
  return "Acquire::https::CAInfo \"" + place.authority + "\";\n";
}

SetupPlace on_windows(SetupPlace place) {
  if (!place.authority.empty()) {
    place.authority = "C:\\ProgramData\\sluice.crt";
  }
  return place;
}

std::string download(const SetupPlace& place, const SettingsFile& file) {
  const std::string authority = place.authority.empty() ? "" : " --cacert " + place.authority;
  return "curl -fsS" + authority + " " + place.root + "/setup/" + file.name + " -o " + file.belongs;
}

}  // namespace

std::vector<SettingsFile> settings_files(const SetupPlace& place,
                                         const SetupRegistries& registries) {
  std::vector<SettingsFile> files{
      {"pip.conf", "pip", "~/.config/pip/pip.conf", pip_text(place)},
      {"pip.ini", "pip on Windows", "%APPDATA%\\pip\\pip.ini", pip_text(on_windows(place))},
      {"npmrc", "npm, pnpm, yarn 1", "~/.npmrc", npmrc_text(place)},
      {"yarnrc.yml", "yarn 2 and later", "~/.yarnrc.yml", yarnrc_text(place)},
      {"huggingface.sh", "huggingface_hub, transformers, datasets", "~/.config/huggingface.sh",
       huggingface_text(place)},
      {"huggingface.mjs", "@huggingface/hub", "huggingface.mjs", huggingface_module(place)},
      {"condarc", "conda, mamba, micromamba", "~/.condarc", condarc_text(place)},
      {"registries.conf", "podman, buildah, skopeo, CRI-O",
       "/etc/containers/registries.conf.d/sluice.conf", containers_text(place, registries)},
      {"hosts.toml", "containerd, nerdctl", "/etc/containerd/certs.d/_default/hosts.toml",
       containerd_text(place)}};
  // A mirror of Docker's has no path, and is asked for its hub's images alone.
  if (place.root.ends_with("//" + authority_of(place)) && registries.default_namespace == kHub) {
    files.push_back({"daemon.json", "docker", "/etc/docker/daemon.json", docker_text(place)});
  }
  if (!place.authority.empty()) {
    files.push_back({"node.sh", "node", "~/.config/node.sh", node_text(place)});
    files.push_back({"apt.conf", "apt over TLS", "/etc/apt/apt.conf.d/90sluice", apt_text(place)});
  }
  return files;
}

std::string setup_page(const SetupPlace& place, const SetupRegistries& registries,
                       const std::vector<std::string>& archives) {
  std::string page =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Client "
      "settings</title></head>\n"
      "<body>\n<h1>Client settings</h1>\n<p>Packages at <code>" +
      place.root +
      "</code>. Each client needs one file, once; then its commands are those of the "
      "internet.</p>\n";
  if (!place.authority.empty()) {
    page +=
        "<h2>First: the site's certificates</h2>\n<p>Save <a href=\"ca.pem\">ca.pem</a> as <code>" +
        place.authority +
        "</code> and compare its fingerprint with the one that your administrator has:</p>\n"
        "<pre>openssl x509 -noout -fingerprint -sha256 -in " +
        place.authority + "</pre>\n";
  }
  for (const SettingsFile& file : settings_files(place, registries)) {
    page += "<h2>" + file.client + "</h2>\n<pre>" +
            download(file.name == "pip.ini" ? on_windows(place) : place, file) +
            "</pre>\n<p><a href=\"" + file.name + "\">" + file.name + "</a>:</p>\n<pre>" +
            file.text + "</pre>\n";
  }
  page += "<h2>poetry</h2>\n<pre>poetry source add --priority=primary sluice " + place.root +
          "/pypi/simple/\n" +
          (place.authority.empty()
               ? ""
               : "poetry config certificates.sluice.cert " + place.authority + "\n") +
          "</pre>\n<h2>apt</h2>\n<ul>\n";
  for (const std::string& archive : archives) {
    page += "<li><a href=\"../apt/" + archive + "/\">" + archive + "</a></li>\n";
  }
  return page + "</ul>\n<h2>files</h2>\n<p><a href=\"../files/\">browse</a></p>\n</body></html>\n";
}

}  // namespace sluice::high
