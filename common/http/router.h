// Which handler answers which path: the longest mounted prefix wins.
#pragma once

#include <map>
#include <string>

#include "common/http/message.h"
#include "common/http/upload.h"

namespace sluice::http {

// Filled before the server starts; const afterwards.
class Router {
 public:
  // "/npm" answers "/npm" and "/npm/…", "/" all that nothing else answers. Compared with the raw
  // path, so that "/npm%2fx" is not under "/npm". The handler sees the request with the prefix
  // still in its path and raw_path.
  void mount(std::string prefix, Handler handler);
  Response handle(const Request& request) const;  // 404 where nothing is mounted

  // Likewise for bodies of any length. What it does not take, and what has no receiver, goes to the
  // handler.
  void mount_receiver(std::string prefix, Receiver receiver);
  Opening receive(const Request& head) const;

 private:
  std::map<std::string, Handler, std::less<>> mounts_;
  std::map<std::string, Receiver, std::less<>> receivers_;
};

}  // namespace sluice::http
