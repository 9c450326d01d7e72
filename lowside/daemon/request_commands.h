// What `sluice-low request` asks of the running daemon: one JSON object for a command and for its
// answer.
//
//   {"do": "add", "source": "" or a name, "wants": […], "files": [{"name", "content"}], "by",
//   "reason"}
//   {"do": "list", "all": false}            {"do": "show", "id"}
//   {"do": "approve" or "reject", "id", "digest", "by", "reason"}      {"do": "withdraw", "id",
//   "by", "reason"}
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "lowside/daemon/source_poll.h"
#include "lowside/request/request_book.h"

namespace sluice::low {

// Callable from any thread, as its parts are.
class RequestCommands {
 public:
  struct Parts {  // all outlive it
    RequestBook& book;
    std::function<std::vector<std::string>()> sources;  // of the pattern "request"
    std::function<void(const std::string& source)> poll_soon;
    std::function<std::vector<SourceStatus>()> status;
  };
  explicit RequestCommands(Parts parts) : parts_(std::move(parts)) {}

  // kInvalid: no such command. Else what the book refuses.
  Result<std::string> run(std::string_view command);

 private:
  Result<std::string> add(const boost::json::object& command);
  Result<std::string> list(const boost::json::object& command);
  Result<std::string> show(const std::string& id) const;
  Result<std::string> source_for(const std::string& given) const;

  const Parts parts_;
};

}  // namespace sluice::low
