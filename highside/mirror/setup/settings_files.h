// What clients are told to use this side as their registry: their own settings files, filled in.
// Nothing in them turns a check off.
#pragma once

#include <string>
#include <vector>

namespace sluice::high {

struct SetupPlace {
  std::string
      root;  // "https://high.example:8443", or that with a snapshot's prefix; no slash at the end
  std::string host;  // of it, without the port
  bool secure = false;
  std::string authority;  // where the client keeps the site's certificates; empty: it knows them
};

// Whose images are held.
struct SetupRegistries {
  std::string default_namespace;    // of names without a registry; empty: none
  std::vector<std::string> held{};  // "docker.io", in order
};

struct SettingsFile {
  std::string name;     // below /setup/: "pip.conf"
  std::string client;   // "pip"
  std::string belongs;  // where it goes on the client: "~/.config/pip/pip.conf"
  std::string text;
};

std::vector<SettingsFile> settings_files(const SetupPlace& place,
                                         const SetupRegistries& registries);

// The page that leads to them. `archives`: apt's, each with its own page at /apt/ARCHIVE/.
std::string setup_page(const SetupPlace& place, const SetupRegistries& registries,
                       const std::vector<std::string>& archives);

}  // namespace sluice::high
