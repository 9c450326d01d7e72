// /setup: settings files for clients, with this server's own address in them as the client has it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/http/message.h"
#include "highside/mirror/setup/settings_files.h"

namespace sluice::high {

// Callable from any thread.
class SetupPages {
 public:
  // `prefix`: where it is mounted: "/setup", or "/snapshot/NAME/setup"; what is before "/setup" is
  // that of the mirrors. `authority`: certificates in PEM; empty: none are given out. `archives`:
  // apt's. `registries`: asked for each page; none: no images are held.
  SetupPages(std::string prefix, std::string authority, std::vector<std::string> archives,
             std::function<SetupRegistries()> registries = {});

  //   /setup/               a page for people
  //   /setup/pip.conf …     settings_files.h; ?ca=/path says where the client keeps ca.pem
  //   /setup/ca.pem         the site's certificates
  http::Response handle(const http::Request& request) const;

  static http::Handler handler(std::shared_ptr<const SetupPages> pages);

 private:
  std::string prefix_;
  std::string authority_;
  std::vector<std::string> archives_;
  std::function<SetupRegistries()> registries_;
};

}  // namespace sluice::high
