// Which handler answers which path: the longest mounted prefix wins.
#pragma once

#include <map>
#include <string>

#include "common/http/message.h"

namespace sluice::http {

// Filled before the server starts; const afterwards.
class Router {
 public:
  // "/npm" answers "/npm" and "/npm/…", "/" all that nothing else answers. Compared with the raw
  // path, so that "/npm%2fx" is not under "/npm". The handler sees the request with the prefix
  // still in its path and raw_path.
  void mount(std::string prefix, Handler handler);
  Response handle(const Request& request) const;  // 404 where nothing is mounted

 private:
  std::map<std::string, Handler, std::less<>> mounts_;
};

}  // namespace sluice::http
